/*
 * agent serve [--netns NETNS] --name NAME [--KIND PORT]...
 *
 * Answers every connection and datagram on these ports, over IPv4 and IPv6, with one line:
 *
 *   NAME PEER-ADDRESS PEER-PORT LOCAL-ADDRESS LOCAL-PORT
 *
 * A datagram or a line that is longer than that is answered with as many bytes: with blanks before the end of the line.
 *
 * The kinds: --udp; --tcp and --sctp answer at once and close; --hold is TCP that stays open and answers each line with
 * that line again, --sctp-hold the same by SCTP; --http answers a request with a page, keeps the connection as HTTP/1.1
 * has it, and answers a line that begins with a question mark as --tcp would; --brief is TCP for clients that send
 * nothing and come by the hundred: they get the name alone and the end of the stream in one segment.
 * Prints `ready` when it listens.
 */
#define _GNU_SOURCE
#include "agent.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <unistd.h>

enum kind { TCP, UDP, SCTP, HTTP, HOLD, SCTP_HOLD, BRIEF, TCP_PEER, HTTP_PEER, HOLD_PEER };

/* Anything that epoll watches: a listener, a datagram socket or a connection. */
struct end {
  int fd;
  enum kind kind;
  size_t used;
  /* Bytes of the line that a --hold peer is sending. */
  size_t asked;
  char buffer[4096];
};

static const char *own_name = "server";
static int poller;

static struct end *watch(int fd, enum kind kind) {
  struct end *end = calloc(1, sizeof *end);
  if (end == NULL) die("out of memory");
  end->fd = fd;
  end->kind = kind;
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = end};
  if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) != 0) die("epoll_ctl: %m");
  return end;
}

static void hang_up(struct end *end) {
  close(end->fd);
  free(end);
}

static int answer_line(char *line, size_t size, const struct sockaddr_storage *peer, const struct sockaddr_storage *local) {
  char from[ADDRESS_TEXT], to[ADDRESS_TEXT];
  return snprintf(line, size, "%s %s %d %s %d\n", own_name, address_text(peer, from), address_port(peer),
                  address_text(local, to), address_port(local));
}

/* Makes an answer as long as what it answers, if that was longer; its length. */
static int pad(char *line, int length, size_t asked) {
  if (length == 0 || (size_t)length >= asked || asked > LONGEST_ANSWER) return length;
  memset(line + length - 1, ' ', asked - (size_t)length);
  line[asked - 1] = '\n';
  return (int)asked;
}

/* The answer for a connected socket; its length, or 0 when the peer has gone already. */
static int line_for(int fd, char *line, size_t size) {
  struct sockaddr_storage peer, local;
  socklen_t peer_size = sizeof peer, local_size = sizeof local;
  if (getpeername(fd, (struct sockaddr *)&peer, &peer_size) != 0) return 0;
  if (getsockname(fd, (struct sockaddr *)&local, &local_size) != 0) return 0;
  return answer_line(line, size, &peer, &local);
}

/* A peer that has gone, or reads so slowly that its socket is full, gets nothing: that is for it to notice. */
static void send_text(int fd, const char *text, int length) {
  if (length > 0 && send(fd, text, (size_t)length, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) return;
}

/* Held back until the end of the stream goes with it. */
static void send_name(int fd) {
  char line[256];
  int length = snprintf(line, sizeof line, "%s\n", own_name);
  if (send(fd, line, (size_t)length, MSG_NOSIGNAL | MSG_DONTWAIT | MSG_MORE) < 0) return;
}

static void accept_one(struct end *listener) {
  int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
  if (fd < 0) return;
  if (listener->kind == BRIEF) {
    send_name(fd);
    close(fd);
    return;
  }
  if (listener->kind == HTTP) {
    watch(fd, HTTP_PEER);
    return;
  }
  char line[256];
  send_text(fd, line, line_for(fd, line, sizeof line));
  if (listener->kind == HOLD || listener->kind == SCTP_HOLD) watch(fd, HOLD_PEER);
  else if (listener->kind == SCTP) close(fd);
  else {
    /* Closing before the peer's own bytes are read would reset the connection and could take the answer with it. */
    shutdown(fd, SHUT_WR);
    watch(fd, TCP_PEER);
  }
}

static void answer_datagram(struct end *end) {
  struct sockaddr_storage peer;
  char data[LONGEST_ANSWER], line[LONGEST_ANSWER], control[CMSG_SPACE(sizeof(struct in6_pktinfo))];
  struct iovec vector = {.iov_base = data, .iov_len = sizeof data};
  struct msghdr message = {.msg_name = &peer,
                           .msg_namelen = sizeof peer,
                           .msg_iov = &vector,
                           .msg_iovlen = 1,
                           .msg_control = control,
                           .msg_controllen = sizeof control};
  ssize_t got = recvmsg(end->fd, &message, 0);
  if (got < 0) return;
  struct sockaddr_storage local;
  socklen_t size = sizeof local;
  getsockname(end->fd, (struct sockaddr *)&local, &size);
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  if (header == NULL) return;
  struct in6_pktinfo *info = (struct in6_pktinfo *)CMSG_DATA(header);
  ((struct sockaddr_in6 *)&local)->sin6_addr = info->ipi6_addr;
  /* Sent back with the same control data, so that the answer comes from the address that was asked. */
  if (!IN6_IS_ADDR_LINKLOCAL(&info->ipi6_addr)) info->ipi6_ifindex = 0;
  int length = pad(line, answer_line(line, sizeof line, &peer, &local), (size_t)got);
  vector = (struct iovec){.iov_base = line, .iov_len = (size_t)length};
  if (sendmsg(end->fd, &message, MSG_DONTWAIT) < 0) return;
}

static void send_page(int fd, bool head_only) {
  char line[256], page[1024], reply[2048];
  int length = line_for(fd, line, sizeof line);
  if (length == 0) return;
  line[length - 1] = '\0';
  int size = snprintf(page, sizeof page,
                      "<!DOCTYPE html>\n<html>\n<head>\n<title>Welcome to nginx!</title>\n</head>\n<body>\n"
                      "<h1>Welcome to nginx!</h1>\n<p>Served by %s.</p>\n</body>\n</html>\n",
                      line);
  length = snprintf(reply, sizeof reply,
                    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\nX-Answer: %s\r\n\r\n%s", size, line,
                    head_only ? "" : page);
  send_text(fd, reply, length);
}

/* Answers every whole request in the buffer. False when the connection is to be closed. */
static bool answer_requests(struct end *end) {
  char *stop;
  end->buffer[end->used] = '\0';
  if (end->buffer[0] == '?') {
    char line[256];
    send_text(end->fd, line, line_for(end->fd, line, sizeof line));
    return false;
  }
  while ((stop = strstr(end->buffer, "\r\n\r\n")) != NULL) {
    stop[2] = '\0';
    bool closing = strcasestr(end->buffer, "\r\nConnection: close\r\n") != NULL || strstr(end->buffer, " HTTP/1.0\r\n") != NULL;
    send_page(end->fd, strncmp(end->buffer, "HEAD ", 5) == 0);
    if (closing) return false;
    end->used -= (size_t)(stop + 4 - end->buffer);
    memmove(end->buffer, stop + 4, end->used + 1);
  }
  return end->used < sizeof end->buffer - 1;
}

static void hear(struct end *end) {
  ssize_t got = recv(end->fd, end->buffer + end->used, sizeof end->buffer - 1 - end->used, MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) {
    hang_up(end);
    return;
  }
  if (end->kind == HTTP_PEER) {
    end->used += (size_t)got;
    if (!answer_requests(end)) hang_up(end);
    return;
  }
  if (end->kind == TCP_PEER) return;
  char line[LONGEST_ANSWER];
  int length = line_for(end->fd, line, sizeof line);
  for (ssize_t i = 0; i < got; i++) {
    end->asked++;
    if (end->buffer[i] != '\n') continue;
    send_text(end->fd, line, pad(line, length, end->asked));
    end->asked = 0;
  }
}

static void set(int fd, int level, int option, int value) {
  if (setsockopt(fd, level, option, &value, sizeof value) != 0) die("setsockopt: %m");
}

static bool is_sctp(enum kind kind) {
  return kind == SCTP || kind == SCTP_HOLD;
}

static int bound_socket(int family, enum kind kind, int port) {
  int type = kind == UDP ? SOCK_DGRAM : SOCK_STREAM;
  int fd = socket(family, type | SOCK_CLOEXEC, is_sctp(kind) ? IPPROTO_SCTP : 0);
  if (fd < 0) die("cannot make a socket for port %d: %m", port);
  set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port), .sin6_addr = in6addr_any};
  struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  if (family == AF_INET6) set(fd, IPPROTO_IPV6, IPV6_V6ONLY, is_sctp(kind));
  int failed = family == AF_INET6 ? bind(fd, (struct sockaddr *)&v6, sizeof v6) : bind(fd, (struct sockaddr *)&v4, sizeof v4);
  if (failed != 0) die("cannot bind port %d: %m", port);
  return fd;
}

static void open_port(enum kind kind, int port) {
  int fd = bound_socket(AF_INET6, kind, port);
  if (kind == UDP) set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
  else if (listen(fd, 1024) != 0) die("cannot listen on port %d: %m", port);
  watch(fd, kind);
  if (!is_sctp(kind)) return;
  /* An SCTP socket of both families would tell a peer its addresses of the other family too, past any virtual server. */
  fd = bound_socket(AF_INET, kind, port);
  if (listen(fd, 1024) != 0) die("cannot listen on port %d: %m", port);
  watch(fd, kind);
}

static void open_ports(char **args) {
  static const char *const options[] = {[TCP] = "--tcp",   [UDP] = "--udp",   [SCTP] = "--sctp",
                                        [HTTP] = "--http", [HOLD] = "--hold", [SCTP_HOLD] = "--sctp-hold",
                                        [BRIEF] = "--brief"};
  for (; *args != NULL; args++) {
    int kind = TCP;
    while (kind <= BRIEF && strcmp(*args, options[kind]) != 0) kind++;
    if (kind <= BRIEF) open_port((enum kind)kind, (int)option_number(&args, 1, 65535));
    else if (strcmp(*args, "--name") == 0 || strcmp(*args, "--netns") == 0) option_value(&args);
    else usage("serve: unknown option \"%s\"", *args);
  }
}

static void handle(struct end *end) {
  if (end->kind == UDP) answer_datagram(end);
  else if (end->kind < TCP_PEER) accept_one(end);
  else hear(end);
}

int serve_main(char **args) {
  const char *netns = NULL;
  for (char **arg = args; *arg != NULL; arg++) {
    if (strcmp(*arg, "--name") == 0) own_name = option_value(&arg);
    else if (strcmp(*arg, "--netns") == 0) netns = option_value(&arg);
  }
  if (netns != NULL) join_netns(netns);
  poller = epoll_create1(EPOLL_CLOEXEC);
  if (poller < 0) die("epoll_create: %m");
  open_ports(args);
  puts("ready");
  fflush(stdout);
  for (;;) {
    struct epoll_event events[64];
    int count = epoll_wait(poller, events, 64, -1);
    for (int i = 0; i < count; i++) handle(events[i].data.ptr);
  }
}
