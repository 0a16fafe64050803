/* embedded_cluster.h - one PostgreSQL data directory of ours: make, start, stop, is it running. */
#ifndef MIGHOST_EMBEDDED_CLUSTER_H
#define MIGHOST_EMBEDDED_CLUSTER_H

#include "embedded_place.h"
#include "pgtools.h"
#include "status.h"

#define EMBEDDED_PORT "5432" /* only part of the socket's name */
#define EMBEDDED_ROLE "mighost"

/* The programs for the data directory that is there, else the newest. 0 or STATUS_PREFLIGHT. */
int embedded_cluster_tools(const struct embedded_place *p, struct pgtools *out, struct error *err);
/* 1 running, 0 not, -1 not known: the directory is closed to us. */
int embedded_cluster_running(const struct embedded_place *p);
/* 1 when the server can be reached: its socket is there. */
int embedded_cluster_has_socket(const struct embedded_place *p);
/* Makes the data directory when it is missing: never a half one. 0 or a status. */
int embedded_cluster_init(const struct embedded_place *p, const struct pgtools *tools,
                          struct error *err);
/* Waits until it accepts connections. 0, STATUS_TEMPORARY. */
int embedded_cluster_start(const struct embedded_place *p, const struct pgtools *tools,
                           struct error *err);
int embedded_cluster_stop(const struct embedded_place *p, const struct pgtools *tools,
                          struct error *err);

#endif
