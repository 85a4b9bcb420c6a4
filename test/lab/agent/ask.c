/*
 * agent ask [OPTION]... ADDRESS PORT
 *
 * Asks a server of `agent serve`, with a new socket for each request, and prints one line of JSON for each:
 *
 *   {"ok":true,"name":"web-1","peer":"10.244.0.1","peerPort":40312,"local":"10.244.0.2","localPort":80,"ms":0.812}
 *   {"ok":false,"error":"refused","ms":0.3}
 *
 * Errors: refused, timeout, reset, closed (before an answer came), unreachable, or the name of another errno.
 *
 *   --netns NAME       ask from this network namespace
 *   --proto PROTOCOL   tcp (default), udp or sctp
 *   --http PATH        an HTTP request; "status" is in the JSON, and "body" when another server than ours answered
 *   --count N          requests (default 1)       --for SECONDS  until then, instead of a count
 *   --rate R           requests a second          --timeout MS   for one request (default 2000)
 *   --source ADDRESS   --source-port PORT         to ask from
 *   --parallel K       from K processes at a time
 *   --size BYTES       of the request, by UDP or to a --hold port; the answer must be as long (at most 60000)
 *   --hold MS          one connection to a --hold port, by SCTP to a --sctp-hold port: a line every MS, until an error,
 *                      the count or the time
 */
#define _GNU_SOURCE
#include "agent.h"
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct {
  int protocol;
  const char *path;
  long count, seconds, rate, timeout, source_port, parallel, hold, size;
  struct sockaddr_storage to, from;
} asked = {.protocol = IPPROTO_TCP, .count = 1, .timeout = 2000, .parallel = 1};

/* Waits for a socket until a moment; NULL when it is ready, else what went wrong. */
static const char *await(int fd, short events, double until) {
  double left = until - now_ms();
  struct pollfd poller = {.fd = fd, .events = events};
  int ready = left <= 0 ? 0 : poll(&poller, 1, (int)left + 1);
  if (ready == 0) return timed_out;
  if (ready < 0) return error_name(errno);
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  return error == 0 ? NULL : error_name(error);
}

/* A connected socket, or -1 with `*error` set. */
static int open_connection(double until, const char **error) {
  int type = (asked.protocol == IPPROTO_UDP ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
  int fd = socket(asked.to.ss_family, type, asked.protocol);
  if (fd < 0) die("cannot make a socket: %m");
  socklen_t size = address_size(&asked.to);
  int yes = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  *error = NULL;
  if (asked.from.ss_family != 0 && bind(fd, (struct sockaddr *)&asked.from, size) != 0) *error = error_name(errno);
  else if (connect(fd, (struct sockaddr *)&asked.to, size) == 0) return fd;
  else if (errno != EINPROGRESS) *error = error_name(errno);
  else *error = await(fd, POLLOUT, until);
  if (*error == NULL) return fd;
  close(fd);
  return -1;
}

/* Reads to the end of a line, or of the stream for HTTP's sake; NULL or what went wrong. */
static const char *receive(int fd, char *text, size_t size, bool whole, double until) {
  size_t used = 0;
  text[0] = '\0';
  for (;;) {
    ssize_t got = recv(fd, text + used, size - 1 - used, 0);
    if (got == 0) return whole && used > 0 ? NULL : closed;
    if (got > 0) {
      used += (size_t)got;
      text[used] = '\0';
      if (used == size - 1 || (!whole && text[used - 1] == '\n')) return NULL;
    } else if (errno == EAGAIN) {
      const char *error = await(fd, POLLIN, until);
      if (error != NULL) return error;
    } else if (errno != EINTR) return error_name(errno);
  }
}

static const char *transmit_padded(int fd) {
  char text[LONGEST_ANSWER];
  memset(text, '?', (size_t)asked.size);
  text[asked.size - 1] = '\n';
  for (ssize_t sent = 0, more; sent < asked.size; sent += more) {
    more = send(fd, text + sent, (size_t)(asked.size - sent), MSG_NOSIGNAL);
    if (more >= 0) continue;
    if (errno != EAGAIN) return error_name(errno);
    const char *error = await(fd, POLLOUT, now_ms() + (double)asked.timeout);
    if (error != NULL) return error;
    more = 0;
  }
  return NULL;
}

static const char *transmit(int fd) {
  if (asked.size > 0) return transmit_padded(fd);
  char text[1024] = "?\n", host[ADDRESS_TEXT];
  if (asked.protocol == IPPROTO_SCTP && asked.hold == 0) return NULL;
  bool v6 = asked.to.ss_family == AF_INET6;
  if (asked.path != NULL)
    snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: %s%s%s:%d\r\nConnection: close\r\n\r\n", asked.path, v6 ? "[" : "",
             address_text(&asked.to, host), v6 ? "]" : "", address_port(&asked.to));
  if (send(fd, text, strlen(text), MSG_NOSIGNAL) >= 0) return NULL;
  return error_name(errno);
}

static void print_escaped(FILE *out, const char *text) {
  for (; *text != '\0'; text++) {
    unsigned char byte = (unsigned char)*text;
    if (byte == '"' || byte == '\\') fprintf(out, "\\%c", byte);
    else if (byte < 0x20) fprintf(out, "\\u%04x", byte);
    else fputc(byte, out);
  }
}

static void print_answer(FILE *out, const char *line) {
  char name[128], peer[ADDRESS_TEXT], local[ADDRESS_TEXT];
  int peer_port, local_port;
  if (sscanf(line, "%127s %45s %d %45s %d", name, peer, &peer_port, local, &local_port) != 5) return;
  fputs(",\"name\":\"", out);
  print_escaped(out, name);
  fprintf(out, "\",\"peer\":\"%s\",\"peerPort\":%d,\"local\":\"%s\",\"localPort\":%d", peer, peer_port, local, local_port);
}

static void print_http(FILE *out, const char *reply) {
  static const char header[] = "\r\nX-Answer: ";
  int status = 0;
  sscanf(reply, "HTTP/%*s %d", &status);
  fprintf(out, ",\"status\":%d", status);
  const char *answer = strstr(reply, header), *body = strstr(reply, "\r\n\r\n");
  if (answer != NULL) print_answer(out, answer + sizeof header - 1);
  else if (body != NULL) {
    fputs(",\"body\":\"", out);
    print_escaped(out, body + 4);
    fputc('"', out);
  }
}

/* One line in one write, so that the lines of several processes do not mix. */
static void report(const char *error, const char *reply, double began) {
  char *text;
  size_t size;
  FILE *out = open_memstream(&text, &size);
  if (out == NULL) die("out of memory");
  fprintf(out, "{\"ok\":%s", error == NULL ? "true" : "false");
  if (error != NULL) fprintf(out, ",\"error\":\"%s\"", error);
  else if (asked.path != NULL) print_http(out, reply);
  else print_answer(out, reply);
  fprintf(out, ",\"ms\":%.3f}\n", now_ms() - began);
  fclose(out);
  if (write(STDOUT_FILENO, text, size) < 0) exit(1);
  free(text);
}

/* NULL, or that an answer is not as long as the request was. */
static const char *check_length(const char *reply) {
  return asked.size > 0 && strlen(reply) != (size_t)asked.size ? "length" : NULL;
}

/* Milliseconds of patience from which on a datagram is sent a second time: who counts lost ones has less. */
enum { PATIENCE = 1000 };

/* A request and its answer; NULL or what went wrong. Like a resolver, it asks by UDP once more when half its time is over. */
static const char *exchange(int fd, char *reply, size_t size, double until) {
  const char *error = transmit(fd);
  if (error == NULL && asked.protocol == IPPROTO_UDP && asked.timeout >= PATIENCE) {
    error = receive(fd, reply, size, false, until - (double)asked.timeout / 2);
    if (error != timed_out) return error;
    error = transmit(fd);
  }
  return error == NULL ? receive(fd, reply, size, asked.path != NULL, until) : error;
}

static void ask_once(void) {
  char reply[LONGEST_ANSWER + 1];
  const char *error;
  double began = now_ms(), until = began + (double)asked.timeout;
  int fd = open_connection(until, &error);
  if (fd >= 0) error = exchange(fd, reply, sizeof reply, until);
  if (error == NULL) error = check_length(reply);
  if (fd >= 0) close(fd);
  report(error, reply, began);
}

static void sleep_until(double moment) {
  double left = moment - now_ms();
  if (left > 0) usleep((useconds_t)(left * 1000));
}

static void ask_many(long count, double interval) {
  double next = now_ms(), end = next + (double)asked.seconds * 1000;
  for (long done = 0; asked.seconds > 0 ? now_ms() < end : done < count; done++) {
    sleep_until(next);
    ask_once();
    next += interval;
  }
}

static int hold_connection(void) {
  char reply[LONGEST_ANSWER + 1];
  const char *error;
  double began = now_ms(), end = began + (double)asked.seconds * 1000;
  int fd = open_connection(began + (double)asked.timeout, &error);
  if (error == NULL) error = receive(fd, reply, sizeof reply, false, began + (double)asked.timeout);
  report(error, reply, began);
  for (long done = 1; error == NULL && (asked.seconds > 0 ? now_ms() < end : done < asked.count); done++) {
    usleep((useconds_t)(asked.hold * 1000));
    began = now_ms();
    error = transmit(fd);
    if (error == NULL) error = receive(fd, reply, sizeof reply, false, began + (double)asked.timeout);
    if (error == NULL) error = check_length(reply);
    report(error, reply, began);
  }
  return error == NULL ? 0 : 1;
}

static void parse_option(char ***args) {
  const char *name = **args;
  const long most = 1000000000;
  if (strcmp(name, "--netns") == 0) join_netns(option_value(args));
  else if (strcmp(name, "--http") == 0) asked.path = option_value(args);
  else if (strcmp(name, "--count") == 0) asked.count = option_number(args, 1, most);
  else if (strcmp(name, "--for") == 0) asked.seconds = option_number(args, 1, 86400);
  else if (strcmp(name, "--rate") == 0) asked.rate = option_number(args, 1, 1000000);
  else if (strcmp(name, "--timeout") == 0) asked.timeout = option_number(args, 1, most);
  else if (strcmp(name, "--source-port") == 0) asked.source_port = option_number(args, 1, 65535);
  else if (strcmp(name, "--parallel") == 0) asked.parallel = option_number(args, 1, 256);
  else if (strcmp(name, "--size") == 0) asked.size = option_number(args, 2, LONGEST_ANSWER);
  else if (strcmp(name, "--hold") == 0) asked.hold = option_number(args, 1, 60000);
  else if (strcmp(name, "--source") == 0) {
    const char *text = option_value(args);
    if (!parse_address(text, &asked.from)) usage("--source: expected an IP address, got \"%s\"", text);
  } else if (strcmp(name, "--proto") == 0) {
    const char *text = option_value(args);
    if (strcmp(text, "tcp") == 0) asked.protocol = IPPROTO_TCP;
    else if (strcmp(text, "udp") == 0) asked.protocol = IPPROTO_UDP;
    else if (strcmp(text, "sctp") == 0) asked.protocol = IPPROTO_SCTP;
    else usage("--proto: expected tcp, udp or sctp, got \"%s\"", text);
  } else usage("ask: unknown option \"%s\"", name);
}

static void parse(char **args) {
  for (; *args != NULL && strncmp(*args, "--", 2) == 0; args++) parse_option(&args);
  parse_target(args, &asked.to);
  if (asked.source_port != 0 && asked.from.ss_family == 0) asked.from.ss_family = asked.to.ss_family;
  if (asked.from.ss_family != 0 && asked.from.ss_family != asked.to.ss_family)
    usage("--source: expected an address of the same family as %s", args[0]);
  set_port(&asked.from, asked.source_port);
}

int ask_main(char **args) {
  parse(args);
  if (asked.hold > 0) return hold_connection();
  double interval = asked.rate > 0 ? 1000.0 * (double)asked.parallel / (double)asked.rate : 0;
  for (long worker = 1; worker < asked.parallel; worker++) {
    if (fork() != 0) continue;
    ask_many(asked.count / asked.parallel, interval);
    return 0;
  }
  /* What does not divide evenly is asked here. */
  ask_many(asked.count / asked.parallel + asked.count % asked.parallel, interval);
  while (wait(NULL) > 0) continue;
  return 0;
}
