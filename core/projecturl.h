/* projecturl.h - the option "url" of a source that names no server. Pure. */
#ifndef MIGHOST_PROJECTURL_H
#define MIGHOST_PROJECTURL_H

#include "project.h"

/* 1 when the options have no "url", or an empty one. */
int projecturl_missing(const struct project *p, const struct project_source *s);
/* The option "url", NULL when there is none; lives in the project's memory. May hold a password. */
const char *projecturl_get(const struct project *p, const struct project_source *s);
/* Sets it. `url` is of characters that JSON takes as they are. */
void projecturl_set(struct project *p, struct project_source *s, const char *url);

#endif
