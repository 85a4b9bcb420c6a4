/* The lab's agent: servers and clients of pods, the way into a namespace, and the first process of a booted lab. */
#define _GNU_SOURCE
#include "agent.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void complain(const char *format, va_list values) {
  fputs("agent: ", stderr);
  vfprintf(stderr, format, values);
  fputc('\n', stderr);
}

void usage(const char *format, ...) {
  va_list values;
  va_start(values, format);
  complain(format, values);
  exit(2);
}

void die(const char *format, ...) {
  va_list values;
  va_start(values, format);
  complain(format, values);
  exit(1);
}

char *option_value(char ***args) {
  const char *name = **args;
  if ((*args)[1] == NULL) usage("%s needs a value", name);
  return *++*args;
}

long option_number(char ***args, long low, long high) {
  const char *name = **args;
  const char *text = option_value(args);
  char *end;
  errno = 0;
  long number = strtol(text, &end, 10);
  if (errno != 0 || *text == '\0' || *end != '\0' || number < low || number > high)
    usage("%s: expected a number between %ld and %ld, got \"%s\"", name, low, high, text);
  return number;
}

void join_netns(const char *name) {
  char path[256];
  snprintf(path, sizeof path, "/run/netns/%s", name);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) die("cannot open the network namespace %s: %m", path);
  if (setns(fd, CLONE_NEWNET) != 0) die("cannot enter the network namespace %s: %m", path);
  close(fd);
}

const char *address_text(const struct sockaddr_storage *address, char text[ADDRESS_TEXT]) {
  const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
  const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
  if (address->ss_family == AF_INET) return inet_ntop(AF_INET, &v4->sin_addr, text, ADDRESS_TEXT);
  if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
    return inet_ntop(AF_INET, v6->sin6_addr.s6_addr + 12, text, ADDRESS_TEXT);
  return inet_ntop(AF_INET6, &v6->sin6_addr, text, ADDRESS_TEXT);
}

int address_port(const struct sockaddr_storage *address) {
  return ntohs(address->ss_family == AF_INET ? ((const struct sockaddr_in *)address)->sin_port
                                             : ((const struct sockaddr_in6 *)address)->sin6_port);
}

const char *const closed = "closed";
const char *const timed_out = "timeout";

bool parse_address(const char *text, struct sockaddr_storage *address) {
  struct sockaddr_in *v4 = (struct sockaddr_in *)address;
  struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
  address->ss_family = AF_INET;
  if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) return true;
  address->ss_family = AF_INET6;
  return inet_pton(AF_INET6, text, &v6->sin6_addr) == 1;
}

void set_port(struct sockaddr_storage *address, long port) {
  /* The port stands at the same place in both families. */
  ((struct sockaddr_in *)address)->sin_port = htons((uint16_t)port);
}

void parse_target(char **args, struct sockaddr_storage *target) {
  if (args[0] == NULL || args[1] == NULL || args[2] != NULL) usage("expected ADDRESS PORT");
  if (!parse_address(args[0], target)) usage("expected an IP address, got \"%s\"", args[0]);
  char *port[] = {"PORT", args[1], NULL};
  char **at = port;
  set_port(target, option_number(&at, 1, 65535));
}

socklen_t address_size(const struct sockaddr_storage *address) {
  return address->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

const char *error_name(int error) {
  static char other[64];
  switch (error) {
    case ECONNREFUSED: return "refused";
    case ETIMEDOUT: return timed_out;
    case ECONNRESET:
    case EPIPE: return "reset";
    case EHOSTUNREACH:
    case ENETUNREACH: return "unreachable";
    default: snprintf(other, sizeof other, "%s", strerrorname_np(error)); return other;
  }
}

double now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

int main(int count, char **args) {
  static const struct {
    const char *name;
    int (*run)(char **args);
  } commands[] = {{"serve", serve_main},
                  {"ask", ask_main},
                  {"stream", stream_main},
                  {"enter", enter_main},
                  {"init", init_main}};
  if (count < 2) usage("expected a command: serve, ask, stream, enter or init");
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
    if (strcmp(args[1], commands[i].name) == 0) return commands[i].run(args + 2);
  usage("expected serve, ask, stream, enter or init, got \"%s\"", args[1]);
}
