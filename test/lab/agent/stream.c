/*
 * agent stream [OPTION]... ADDRESS PORT
 *
 * Opens new TCP connections to a --brief port of `agent serve`: by the clock, however long earlier ones take. Those that
 * are late, because the machine is slow, are begun as soon as it can. Prints a line of JSON ten times a second:
 *
 *   {"seconds":2.013,"begun":503,"well":501,"slowest":12.4,"names":{"web-1":250,"web-3":251},"errors":{"refused":1}}
 *
 * All of it since the first connection: milliseconds of the slowest answer, answers by who gave them, and failures by the
 * words of `agent ask`. A connection ends well when a name and the end of the stream have come.
 *
 *   --netns NAME       from this network namespace
 *   --rate R           connections a second (default 100)
 *   --timeout MS       for one connection (default 2000)
 *
 * SIGTERM begins no more, waits for those that are open, and prints a last line.
 *
 * A system call in the lab is dear, so a connection costs five here: it is watched for nothing but the end of its stream.
 */
#define _GNU_SOURCE
#include "agent.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Connections that are open at a time at most: of more, packets would be lost in the queues of a machine that is busy. */
enum { MOST_OPEN = 32 };

/* Milliseconds between two looks at the clock for what is to be begun, and between two reports. */
enum { TICK = 20, REPORT = 100 };

/* Different names and errors that are counted at most. */
enum { MOST_WORDS = 32 };

struct count {
  char word[64];
  long count;
};

struct connection {
  int fd;
  double began;
};

static struct {
  long rate, timeout;
  struct sockaddr_storage to;
} asked = {.rate = 100, .timeout = 2000};

static struct {
  struct connection connections[MOST_OPEN];
  int open, poller;
  double started, now, slowest;
  long begun, well;
  struct count names[MOST_WORDS], errors[MOST_WORDS];
} stream;

static volatile sig_atomic_t stopping;

static void stop(int signal_number) {
  (void)signal_number;
  stopping = 1;
}

static void count(struct count counts[MOST_WORDS], const char *word) {
  for (int i = 0; i < MOST_WORDS; i++) {
    if (counts[i].count == 0) snprintf(counts[i].word, sizeof counts[i].word, "%s", word);
    if (strcmp(counts[i].word, word) != 0) continue;
    counts[i].count++;
    return;
  }
  die("expected at most %d different words, got %s too", MOST_WORDS, word);
}

/* Closes a connection that has ended well or, with a word for it, not. */
static void end(struct connection *connection, const char *error) {
  double took = stream.now - connection->began;
  if (error != NULL) count(stream.errors, error);
  else stream.well++;
  if (error == NULL && took > stream.slowest) stream.slowest = took;
  close(connection->fd);
  connection->fd = -1;
  stream.open--;
}

static void begin(struct connection *connection) {
  connection->fd = socket(asked.to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (connection->fd < 0) die("cannot make a socket: %m");
  connection->began = stream.now;
  stream.begun++;
  stream.open++;
  int failed = connect(connection->fd, (struct sockaddr *)&asked.to, address_size(&asked.to));
  struct epoll_event event = {.events = EPOLLRDHUP, .data.ptr = connection};
  if (failed != 0 && errno != EINPROGRESS) end(connection, error_name(errno));
  else if (epoll_ctl(stream.poller, EPOLL_CTL_ADD, connection->fd, &event) != 0) die("epoll_ctl: %m");
}

/* Begins what the clock asks for. */
static void begin_due(void) {
  long due = (long)((stream.now - stream.started) * (double)asked.rate / 1000) + 1;
  for (int i = 0; i < MOST_OPEN && stream.begun < due; i++)
    if (stream.connections[i].fd < 0) begin(&stream.connections[i]);
}

/* The stream has come to its end, or to an error. */
static void hear(struct connection *connection) {
  char line[256];
  ssize_t got = recv(connection->fd, line, sizeof line - 1, 0);
  /* An ICMP error that came while connect() was still sending: Linux only notes it, and asks again in a second. */
  if (got < 0 && errno == EAGAIN) {
    if (recv(connection->fd, line, sizeof line, MSG_ERRQUEUE) < 0 && errno != EAGAIN) end(connection, error_name(errno));
    return;
  }
  if (got <= 0) {
    end(connection, got == 0 ? closed : error_name(errno));
    return;
  }
  line[got] = '\0';
  line[strcspn(line, " \n")] = '\0';
  count(stream.names, line);
  end(connection, NULL);
}

static void give_up_late(void) {
  for (int i = 0; i < MOST_OPEN; i++) {
    struct connection *connection = &stream.connections[i];
    if (connection->fd >= 0 && stream.now - connection->began > (double)asked.timeout) end(connection, timed_out);
  }
}

static void print_counts(const char *name, const struct count counts[MOST_WORDS]) {
  printf(",\"%s\":{", name);
  for (int i = 0; i < MOST_WORDS && counts[i].count > 0; i++)
    printf("%s\"%s\":%ld", i == 0 ? "" : ",", counts[i].word, counts[i].count);
  putchar('}');
}

static void report(void) {
  printf("{\"seconds\":%.3f,\"begun\":%ld,\"well\":%ld,\"slowest\":%.3f", (stream.now - stream.started) / 1000, stream.begun,
         stream.well, stream.slowest);
  print_counts("names", stream.names);
  print_counts("errors", stream.errors);
  puts("}");
  if (fflush(stdout) != 0) die("cannot report: %m");
}

/* Waits for ends of streams, until the next tick at most. */
static void wait_and_hear(void) {
  struct epoll_event events[MOST_OPEN];
  int ready = epoll_wait(stream.poller, events, MOST_OPEN, TICK);
  stream.now = now_ms();
  for (int i = 0; i < ready; i++) hear(events[i].data.ptr);
}

static void run(void) {
  double reported = stream.now = stream.started = now_ms();
  while (!stopping || stream.open > 0) {
    if (!stopping) begin_due();
    wait_and_hear();
    if (stream.now - reported < REPORT) continue;
    reported = stream.now;
    give_up_late();
    report();
  }
  report();
}

static void parse(char **args) {
  for (; *args != NULL && strncmp(*args, "--", 2) == 0; args++) {
    if (strcmp(*args, "--netns") == 0) join_netns(option_value(&args));
    else if (strcmp(*args, "--rate") == 0) asked.rate = option_number(&args, 1, 1000000);
    else if (strcmp(*args, "--timeout") == 0) asked.timeout = option_number(&args, 1, 86400000);
    else usage("stream: unknown option \"%s\"", *args);
  }
  parse_target(args, &asked.to);
}

int stream_main(char **args) {
  parse(args);
  for (int i = 0; i < MOST_OPEN; i++) stream.connections[i].fd = -1;
  stream.poller = epoll_create1(EPOLL_CLOEXEC);
  if (stream.poller < 0) die("epoll_create: %m");
  signal(SIGTERM, stop);
  run();
  return 0;
}
