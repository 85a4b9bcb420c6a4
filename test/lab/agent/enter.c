/*
 * agent enter --netns NAME [--sysctl KEY=VALUE]... [--run DIR] [--hostname NAME] -- COMMAND [ARGUMENT]...
 *
 * Becomes COMMAND inside a network namespace. Sysctls (keys with slashes, under /proc/sys) are written first. With --run
 * COMMAND also has a mount namespace of its own, with DIR as its /run and a /sys that shows the network namespace, and
 * with --hostname a host name of its own: together what tells one node's programs from another's.
 */
#define _GNU_SOURCE
#include "agent.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static void write_sysctl(char *setting) {
  char *value = strchr(setting, '=');
  if (value == NULL) usage("--sysctl: expected KEY=VALUE, got \"%s\"", setting);
  *value++ = '\0';
  char path[512];
  snprintf(path, sizeof path, "/proc/sys/%s", setting);
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0 || write(fd, value, strlen(value)) < 0) die("cannot set %s to %s: %m", path, value);
  close(fd);
}

static void take_own_mounts(const char *run) {
  if (unshare(CLONE_NEWNS) != 0) die("cannot make a mount namespace: %m");
  if (mount("", "/", NULL, MS_SLAVE | MS_REC, NULL) != 0) die("cannot make the mounts private: %m");
  if (mount("sysfs", "/sys", "sysfs", 0, NULL) != 0) die("cannot mount /sys: %m");
  if (mount(run, "/run", NULL, MS_BIND, NULL) != 0) die("cannot mount %s on /run: %m", run);
}

int enter_main(char **args) {
  const char *netns = NULL, *run = NULL, *hostname = NULL;
  char **settings = args;
  for (; *args != NULL && strcmp(*args, "--") != 0; args++) {
    if (strcmp(*args, "--netns") == 0) netns = option_value(&args);
    else if (strcmp(*args, "--run") == 0) run = option_value(&args);
    else if (strcmp(*args, "--hostname") == 0) hostname = option_value(&args);
    else if (strcmp(*args, "--sysctl") == 0) option_value(&args);
    else usage("enter: unknown option \"%s\"", *args);
  }
  if (netns == NULL || args[0] == NULL || args[1] == NULL) usage("enter: expected --netns NAME … -- COMMAND");
  join_netns(netns);
  for (; settings < args; settings++)
    if (strcmp(*settings, "--sysctl") == 0) write_sysctl(*++settings);
  if (run != NULL) take_own_mounts(run);
  if (hostname != NULL && (unshare(CLONE_NEWUTS) != 0 || sethostname(hostname, strlen(hostname)) != 0))
    die("cannot set the host name %s: %m", hostname);
  execvp(args[1], args + 1);
  fprintf(stderr, "agent: cannot run %s: %m\n", args[1]);
  return errno == ENOENT ? 127 : 126;
}
