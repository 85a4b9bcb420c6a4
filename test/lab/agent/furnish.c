/* The world of a lab: the host's files read-only, everything that is written in memory, all modules loaded. */
#define _GNU_SOURCE
#include "agent.h"
#include "init.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const legacy_links = "/var/lab/bin";

static char *const modules[] = {
    "modprobe", "-q", "-d", "/run", "-a", "ipv6", "ip_vs", "ip_vs_rr", "ip_vs_wrr", "ip_vs_lc", "ip_vs_wlc", "ip_vs_lblc",
    "ip_vs_lblcr", "ip_vs_dh", "ip_vs_sh", "ip_vs_sed", "ip_vs_nq", "ip_vs_fo", "ip_vs_ovf", "ip_vs_mh", "dummy", "veth",
    "bridge", "br_netfilter", "ipip", "hmac", "sctp", "nf_conntrack_netlink", "ip_set_hash_ip", "ip_set_hash_ipport",
    "ip_set_hash_ipportip", "ip_set_hash_ipportnet", "ip_set_bitmap_port", "iptable_nat", "iptable_filter", "iptable_mangle",
    "ip6table_nat", "ip6table_filter", "ip6table_mangle", "ipt_REJECT", "ip6t_REJECT", "xt_set", "xt_ipvs", "xt_MASQUERADE",
    "xt_comment", "xt_mark", "xt_conntrack", "xt_physdev", "xt_addrtype", "xt_nat", "xt_tcpudp", "xt_multiport", NULL};

static void mount_on(const char *type, const char *target, const char *options) {
  if (mount(type, target, type, 0, options) != 0) die("cannot mount %s on %s: %m", type, target);
}

static void make_folders(const char *path) {
  char text[4096];
  snprintf(text, sizeof text, "%s", path);
  for (char *slash = strchr(text + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    mkdir(text, 0755);
    *slash = '/';
  }
  mkdir(text, 0755);
}

static bool hidden_by_memory(const char *path) {
  return strncmp(path, "/run/", 5) == 0 || strncmp(path, "/tmp/", 5) == 0 || strncmp(path, "/var/", 5) == 0;
}

/* Puts a folder of the host back where memory hides it, or makes it writable. */
static void keep_folder(const struct plan *plan, const struct folder *folder) {
  if (!folder->writable && !hidden_by_memory(folder->path)) return;
  if (hidden_by_memory(folder->path)) make_folders(folder->path);
  unsigned long flags = folder->writable ? 0 : MS_RDONLY;
  char source[64];
  snprintf(source, sizeof source, "/proc/self/fd/%d", folder->fd);
  int failed = plan->uml ? mount("none", folder->path, "hostfs", flags, folder->path)
                         : mount(source, folder->path, NULL, MS_BIND, NULL) != 0 ||
                               mount(NULL, folder->path, NULL, MS_REMOUNT | MS_BIND | flags, NULL) != 0;
  if (failed) die("cannot mount the host's %s: %m", folder->path);
}

static void run_quietly(char *const command[]) {
  pid_t child = fork();
  if (child == 0) {
    execvp(command[0], command);
    _exit(127);
  }
  int status;
  if (child < 0 || waitpid(child, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) == 127)
    die("cannot run %s", command[0]);
}

/* modprobe looks under lib/modules, Debian's package keeps the modules elsewhere. A module that is missing shows where it is used. */
static void load_modules(void) {
  struct utsname name;
  uname(&name);
  char from[512], to[512];
  snprintf(from, sizeof from, "/usr/lib/uml/modules/%s", name.release);
  snprintf(to, sizeof to, "/run/lib/modules/%s", name.release);
  make_folders("/run/lib/modules");
  if (access(from, R_OK) != 0) die("the kernel's modules are missing: expected %s", from);
  if (symlink(from, to) != 0) die("cannot link %s: %m", to);
  run_quietly(modules);
  /* What could be loaded is loaded: without this the kernel starts modprobe, in vain, at nearly every use of iptables. */
  int fd = open("/proc/sys/kernel/modprobe", O_WRONLY | O_CLOEXEC);
  if (fd < 0 || write(fd, "\n", 1) != 1) die("cannot keep the kernel from running modprobe: %m");
  close(fd);
}

static void link_legacy_iptables(void) {
  static const char *const families[] = {"iptables", "ip6tables"}, *const verbs[] = {"", "-save", "-restore"};
  make_folders(legacy_links);
  for (int family = 0; family < 2; family++)
    for (int verb = 0; verb < 3; verb++) {
      char from[128], to[128];
      snprintf(from, sizeof from, "/usr/sbin/%s-legacy%s", families[family], verbs[verb]);
      snprintf(to, sizeof to, "%s/%s%s", legacy_links, families[family], verbs[verb]);
      if (symlink(from, to) != 0) die("cannot link %s: %m", to);
    }
}

static void complete_devices(void) {
  mkdir("/dev/pts", 0755);
  mkdir("/dev/shm", 01777);
  mount_on("devpts", "/dev/pts", "ptmxmode=0666");
  mount_on("tmpfs", "/dev/shm", NULL);
  static const char *const links[][2] = {{"/proc/self/fd", "/dev/fd"},
                                         {"/proc/self/fd/0", "/dev/stdin"},
                                         {"/proc/self/fd/1", "/dev/stdout"},
                                         {"/proc/self/fd/2", "/dev/stderr"}};
  for (int i = 0; i < 4; i++)
    if (symlink(links[i][0], links[i][1]) != 0 && errno != EEXIST) die("cannot link %s: %m", links[i][1]);
}

static void raise_loopback(void) {
  struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) != 0) die("cannot raise the loopback device: %m");
  close(fd);
}

/* As `ip netns add` does at its first use, so that using it leaves no mount behind. */
static void share_netns_folder(void) {
  make_folders("/run/netns");
  if (mount("/run/netns", "/run/netns", NULL, MS_BIND, NULL) != 0 ||
      mount("", "/run/netns", NULL, MS_SHARED | MS_REC, NULL) != 0)
    die("cannot share /run/netns: %m");
}

void furnish(const struct plan *plan) {
  mount_on("proc", "/proc", NULL);
  mount_on("sysfs", "/sys", NULL);
  mount_on("tmpfs", "/run", "mode=755");
  mount_on("tmpfs", "/tmp", "mode=1777");
  mount_on("tmpfs", "/var", "mode=755");
  static const char *const folders[] = {"/var/log", "/var/lib", "/var/tmp", "/var/cache", "/run/lock", "/run/lab"};
  for (int i = 0; i < 6; i++) mkdir(folders[i], 0755);
  if (symlink("/run", "/var/run") != 0 || symlink("/run/lock", "/var/lock") != 0) die("cannot link /var/run: %m");
  for (int i = 0; i < plan->folder_count; i++) keep_folder(plan, &plan->folders[i]);
  if (plan->uml) {
    complete_devices();
    load_modules();
  }
  if (plan->legacy) link_legacy_iptables();
  share_netns_folder();
  raise_loopback();
  if (sethostname("lab", 3) != 0) die("cannot set the host name: %m");
}

/* Waits for the first process of the new namespaces and ends as it does. */
_Noreturn static void stand_by(pid_t child) {
  int status;
  signal(SIGINT, SIG_IGN);
  signal(SIGTERM, SIG_IGN);
  while (waitpid(child, &status, 0) < 0) continue;
  exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

void isolate(struct plan *plan) {
  /* Inside another lab whose kernel lacks nf_tables' families, its choice of iptables holds here too. */
  plan->legacy = access(legacy_links, F_OK) == 0;
  if (unshare(CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC) != 0)
    die("cannot make namespaces: %m");
  pid_t child = fork();
  if (child < 0) die("cannot fork: %m");
  if (child > 0) stand_by(child);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (mount("", "/", NULL, MS_PRIVATE | MS_REC, NULL) != 0) die("cannot make the mounts private: %m");
  /* From here on, for what was opened in another mount namespace cannot be mounted in this one. */
  for (int i = 0; i < plan->folder_count; i++) {
    plan->folders[i].fd = open(plan->folders[i].path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (plan->folders[i].fd < 0) die("cannot open %s: %m", plan->folders[i].path);
  }
  struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY};
  if (syscall(SYS_mount_setattr, -1, "/", AT_RECURSIVE, &attributes, sizeof attributes) != 0)
    die("cannot make the host's files read-only: %m");
}
