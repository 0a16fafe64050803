/* signals.h - SIGINT, SIGTERM, SIGHUP once: stop in order; twice: stop at once. SIGPIPE ignored. */
#ifndef MIGHOST_SIGNALS_H
#define MIGHOST_SIGNALS_H

void signals_init(void);
/* In a worker: what a terminal or a service manager sends to all processes is its parent's to take;
 * SIGUSR1 from there stops it in order. */
void signals_worker(void);
/* While on, the first signal also cancels the running statement: check and publish are one
 * transaction each, there is no chunk to finish. */
void signals_cancel_statements(int on);
/* 130 or 143. */
int signals_code(void);

#endif
