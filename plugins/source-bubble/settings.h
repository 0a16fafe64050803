/* settings.h - the options of the unit, checked. */
#ifndef MIGHOST_SOURCE_BUBBLE_SETTINGS_H
#define MIGHOST_SOURCE_BUBBLE_SETTINGS_H

#include <curl/curl.h>
#include <jansson.h>
#include <mighost/plugin.h>

struct settings {
    const mig_host_t *host; /* borrowed */
    CURLU *base;            /* up to ".../api/1.1"; owned, as all below */
    char *server;           /* scheme, host and port, to be shown */
    char *version, *key, *ca_file;
    int is_plain, is_live;
    uint32_t page_size, parallel;
    int64_t timeout_ms, retries, wait_most_ms, give_up_ms, time_limit_ms;
    size_t page_limit, record_limit, value_limit;
    int missing_is_null, complete_urls, allow_empty;
    json_t *may_be_unseen; /* names of fields, or NULL */
};

/* 0 or negative, said to the host; settings_clear() in any case. */
int32_t settings_read(struct settings *s, const mig_host_t *host);
void settings_clear(struct settings *s);
extern const mig_option_t settings_options[];

#endif
