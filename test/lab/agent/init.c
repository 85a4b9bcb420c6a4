/*
 * agent init (--uml | --namespaces) [--terminal] [--directory DIR] [--keep DIR]... [--write DIR]... [--env NAME=VALUE]...
 *            -- COMMAND [ARGUMENT]...
 * agent init @FILE           the same arguments from a file, each ended by a zero byte
 *
 * The first process of a lab: makes its world, runs COMMAND in it and, when that ends, kills whatever it left, reports
 * the exit status and shuts the lab down. --keep shows a folder of the host that memory would hide, --write makes one
 * writable. The launcher speaks on a control line (serial line 2, or descriptor 3 with --namespaces):
 *
 *   to it: `ready`, `exit STATUS`; from it: `signal NUMBER`, `size ROWS COLUMNS`; its end ends the lab.
 */
#define _GNU_SOURCE
#include "init.h"
#include "agent.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static struct plan plan;
static int control = 3;
/* The lines to the launcher, and what the command writes that is to be copied to them (-1: nothing). */
static int lines[2] = {STDOUT_FILENO, STDERR_FILENO}, sources[2] = {-1, -1};

static void power_off(void) {
  if (getpid() == 1) reboot((int)RB_HALT_SYSTEM);
}

static int open_line(const char *path, bool raw) {
  int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (fd < 0) die("cannot open %s: %m", path);
  struct termios settings;
  tcgetattr(fd, &settings);
  if (raw) cfmakeraw(&settings);
  tcsetattr(fd, TCSANOW, &settings);
  return fd;
}

static char **arguments_in(const char *path) {
  FILE *file = fopen(path, "re");
  if (file == NULL) die("cannot open %s: %m", path);
  size_t count = 0, room = 64;
  char **arguments = calloc(room, sizeof *arguments);
  for (;;) {
    char *text = NULL;
    size_t size = 0;
    if (arguments == NULL) die("out of memory");
    if (getdelim(&text, &size, '\0', file) < 0) break;
    arguments[count++] = text;
    arguments[count] = NULL;
    if (count + 1 == room) arguments = realloc(arguments, (room *= 2) * sizeof *arguments);
  }
  fclose(file);
  return arguments;
}

static void add_folder(const char *path, bool writable) {
  if (plan.folder_count == MOST_FOLDERS) usage("init: at most %d folders", MOST_FOLDERS);
  plan.folders[plan.folder_count++] = (struct folder){.path = path, .writable = writable, .fd = -1};
}

static void parse(char **args) {
  if (*args != NULL && **args == '@') args = arguments_in(*args + 1);
  size_t variables = 0;
  plan.environment = calloc(1024, sizeof *plan.environment);
  for (; *args != NULL && strcmp(*args, "--") != 0; args++) {
    if (strcmp(*args, "--uml") == 0) plan.uml = plan.legacy = true;
    else if (strcmp(*args, "--namespaces") == 0) plan.uml = false;
    else if (strcmp(*args, "--terminal") == 0) plan.terminal = true;
    else if (strcmp(*args, "--directory") == 0) plan.directory = option_value(&args);
    else if (strcmp(*args, "--keep") == 0) add_folder(option_value(&args), false);
    else if (strcmp(*args, "--write") == 0) add_folder(option_value(&args), true);
    else if (strcmp(*args, "--env") == 0 && variables < 1023) plan.environment[variables++] = option_value(&args);
    else usage("init: unexpected \"%s\"", *args);
  }
  if (args[0] == NULL || args[1] == NULL) usage("init: expected -- COMMAND");
  plan.command = args + 1;
}

static void open_lines(void) {
  control = open_line("/dev/ttyS2", true);
  lines[0] = open_line("/dev/ttyS0", !plan.terminal);
  lines[1] = plan.terminal ? lines[0] : open_line("/dev/ttyS1", true);
}

/* In the child: a session of its own, with its standard streams. */
static void take_streams(const int ends[2]) {
  /* A terminal that is the host's own stays the controlling one only within its session. */
  if (plan.uml || !plan.terminal) setsid();
  if (plan.uml && plan.terminal) {
    ioctl(lines[0], TIOCSCTTY, 0);
    for (int fd = 0; fd < 3; fd++) dup2(lines[0], fd);
  } else if (plan.uml) {
    dup2(open("/dev/null", O_RDWR), STDIN_FILENO);
    dup2(ends[0], STDOUT_FILENO);
    dup2(ends[1], STDERR_FILENO);
  }
}

static pid_t start_command(void) {
  int ends[2] = {-1, -1};
  for (int i = 0; i < 2 && plan.uml && !plan.terminal; i++) {
    int both[2];
    if (pipe2(both, O_CLOEXEC) != 0) die("cannot make a pipe: %m");
    sources[i] = both[0];
    ends[i] = both[1];
  }
  pid_t child = fork();
  if (child < 0) die("cannot fork: %m");
  if (child > 0) {
    for (int i = 0; i < 2; i++)
      if (ends[i] >= 0) close(ends[i]);
    return child;
  }
  take_streams(ends);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  environ = plan.environment;
  if (plan.directory != NULL && chdir(plan.directory) != 0) die("cannot enter %s: %m", plan.directory);
  execvp(plan.command[0], plan.command);
  fprintf(stderr, "lab: cannot run %s: %m\n", plan.command[0]);
  _exit(errno == ENOENT ? 127 : 126);
}

/* Copies what is there; false at the end of the stream. */
static bool copy(int from, int to) {
  char data[65536];
  ssize_t got = read(from, data, sizeof data);
  for (ssize_t done = 0; done < got;) {
    ssize_t put = write(to, data + done, (size_t)(got - done));
    if (put < 0 && errno != EINTR && errno != EAGAIN) return false;
    if (put > 0) done += put;
  }
  return got > 0 || (got < 0 && errno == EINTR);
}

/* Obeys the launcher; false when it has gone. */
static bool listen_to_launcher(pid_t child) {
  static char text[256];
  static size_t used;
  ssize_t got = read(control, text + used, sizeof text - 1 - used);
  if (got <= 0) return got < 0 && errno == EINTR;
  used += (size_t)got;
  text[used] = '\0';
  for (char *end; (end = strchr(text, '\n')) != NULL;) {
    int signal_number;
    struct winsize size = {0};
    if (sscanf(text, "signal %d", &signal_number) == 1 && kill(-child, signal_number) != 0) kill(child, signal_number);
    if (sscanf(text, "size %hu %hu", &size.ws_row, &size.ws_col) == 2) ioctl(lines[0], TIOCSWINSZ, &size);
    used -= (size_t)(end + 1 - text);
    memmove(text, end + 1, used + 1);
  }
  return used < sizeof text - 1;
}

/* Collects what ended; true when the command was among it. */
static bool collect(pid_t child, int *status) {
  bool ended = false;
  int one;
  for (pid_t pid; (pid = waitpid(-1, &one, WNOHANG)) > 0;)
    if (pid == child) {
      ended = true;
      *status = WIFEXITED(one) ? WEXITSTATUS(one) : 128 + WTERMSIG(one);
    }
  return ended;
}

/* Carries the command's output and the launcher's wishes until the command ends; its status, as a shell tells it. */
static int attend(pid_t child, int children) {
  int status = 1;
  for (;;) {
    struct pollfd watched[] = {{.fd = control, .events = POLLIN},
                               {.fd = children, .events = POLLIN},
                               {.fd = sources[0], .events = POLLIN},
                               {.fd = sources[1], .events = POLLIN}};
    if (poll(watched, 4, -1) < 0 && errno != EINTR) die("poll: %m");
    for (int i = 0; i < 2; i++)
      if (watched[2 + i].revents != 0 && !copy(sources[i], lines[i])) {
        close(sources[i]);
        sources[i] = -1;
      }
    if (watched[0].revents != 0 && !listen_to_launcher(child)) return 1;
    struct signalfd_siginfo information;
    if (watched[1].revents == 0 || read(children, &information, sizeof information) < 0) continue;
    if (collect(child, &status)) return status;
  }
}

static void finish(int status) {
  kill(-1, SIGKILL);
  while (wait(NULL) > 0 || errno == EINTR) continue;
  for (int i = 0; i < 2; i++)
    while (sources[i] >= 0 && copy(sources[i], lines[i])) continue;
  if (plan.uml) {
    tcdrain(lines[0]);
    tcdrain(lines[1]);
  }
  dprintf(control, "exit %d\n", status);
  if (plan.uml) tcdrain(control);
}

int init_main(char **args) {
  parse(args);
  if (plan.uml) atexit(power_off);
  else isolate(&plan);
  sigset_t child_ended;
  sigemptyset(&child_ended);
  sigaddset(&child_ended, SIGCHLD);
  for (char **variable = plan.environment; *variable != NULL; variable++)
    if (strncmp(*variable, "PATH=", 5) == 0) putenv(*variable);
  furnish(&plan);
  if (plan.uml) open_lines();
  sigprocmask(SIG_BLOCK, &child_ended, NULL);
  int children = signalfd(-1, &child_ended, SFD_CLOEXEC);
  dprintf(control, "ready\n");
  pid_t child = start_command();
  int status = attend(child, children);
  finish(status);
  return status;
}
