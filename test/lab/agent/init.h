/* The first process of a lab: what it is told, and the world it makes before it runs the command. */
#ifndef INIT_H
#define INIT_H

#include <stdbool.h>

#define MOST_FOLDERS 16

struct folder {
  const char *path;
  bool writable;
  int fd;
};

struct plan {
  /* User-Mode-Linux: this is the first process of a kernel, and the terminals are serial lines to the launcher. */
  bool uml;
  /* The command has the serial line itself for a terminal, not pipes that are copied to it. */
  bool terminal;
  /* iptables is the legacy one, because the kernel's nf_tables lacks a family. */
  bool legacy;
  const char *directory;
  struct folder folders[MOST_FOLDERS];
  int folder_count;
  /* NAME=VALUE */
  char **environment;
  char **command;
};

/* In the namespaces way: moves this process into fresh namespaces, as the first process of them. */
void isolate(struct plan *plan);
/* Mounts, modules, loopback and host name. */
void furnish(const struct plan *plan);

#endif
