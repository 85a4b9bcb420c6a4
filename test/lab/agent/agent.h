/* What the parts of the lab's agent share: one small static program, so that starting it costs a few milliseconds. */
#ifndef AGENT_H
#define AGENT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* The commands. Each takes the arguments behind its own name, ended by NULL, and returns an exit status. */
int serve_main(char **args);
int ask_main(char **args);
int stream_main(char **args);
int enter_main(char **args);
int init_main(char **args);

/* Prints `agent: MESSAGE` and ends the program: with status 2 for a wrong command line, 1 for anything else. */
_Noreturn void usage(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The value behind option `args[0]`; moves `*args` on to it. */
char *option_value(char ***args);
/* The same as a number between `low` and `high`. */
long option_number(char ***args, long low, long high);

/* Moves the calling process into a network namespace that `ip netns add` made. */
void join_netns(const char *name);

/* An IP address without its port as text; IPv4-mapped IPv6 addresses as plain IPv4. */
#define ADDRESS_TEXT INET6_ADDRSTRLEN
const char *address_text(const struct sockaddr_storage *address, char text[ADDRESS_TEXT]);
int address_port(const struct sockaddr_storage *address);

/* False where a text is no IP address. */
bool parse_address(const char *text, struct sockaddr_storage *address);
void set_port(struct sockaddr_storage *address, long port);
socklen_t address_size(const struct sockaddr_storage *address);
/* `ADDRESS PORT`, the last arguments of a command. */
void parse_target(char **args, struct sockaddr_storage *target);

/* What clients call what went wrong: `refused`, `reset`, `unreachable`, or the name of another errno. */
const char *error_name(int error);
/* Closed before an answer came, and no answer in time. */
extern const char *const closed, *const timed_out;

/* Bytes of the longest answer that is given to a request as long. */
#define LONGEST_ANSWER 60000

/* Milliseconds of a clock that only goes forward. */
double now_ms(void);

#endif
