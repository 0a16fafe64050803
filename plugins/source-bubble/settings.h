/* settings.h - the options of the unit, checked. */
#ifndef MIGHOST_SOURCE_BUBBLE_SETTINGS_H
#define MIGHOST_SOURCE_BUBBLE_SETTINGS_H

#include <curl/curl.h>
#include <jansson.h>
#include <mighost/plugin.h>

struct settings {
    const mig_host_t *host;        /* borrowed */
    CURLU *base;                   /* up to ".../api/1.1"; owned, as all below */
    char *server;                  /* scheme, host and port, to be shown */
    char *version, *key, *ca_file; /* key: NULL where none is needed */
    char *key_header;              /* what stands before the key */
    int is_plain, is_live;
    uint32_t page_size, parallel;
    int64_t timeout_ms, retries, wait_most_ms, give_up_ms, time_limit_ms;
    size_t page_limit, record_limit, value_limit;
    int missing_is_null, complete_urls, allow_empty;
    json_t *may_be_unseen; /* names of fields, or NULL */
    char *record, *replay; /* directories, or NULL */
    int is_export;         /* `record` is the host's: what is there whole is read from there */
    json_t *secret;        /* names of fields that are not recorded plainly, or NULL */
    const unsigned char *seal_key; /* 32 bytes under which they are, or NULL; borrowed */
    const char *seal_name;         /* its variable */
};

enum settings_api { SETTINGS_BUBBLE, SETTINGS_REST };

/* 0 or negative, said to the host; settings_clear() in any case. */
int32_t settings_read(struct settings *s, const mig_host_t *host, enum settings_api api);
void settings_clear(struct settings *s);

/* clang-format off */
/* Options that all units have. */
#define SETTINGS_COMMON                                                                            \
    {"timeout", MIG_OPT_INT, 0, "60", "1..3600", "Seconds that a request may take."},              \
    {"retries", MIG_OPT_INT, 0, "10", "0..1000",                                                   \
     "How often a page that failed is asked for anew."},                                           \
    {"retry_wait", MIG_OPT_INT, 0, "60", "1..3600",                                                \
     "Longest pause before it, in seconds, whatever the server asks for."},                        \
    {"give_up", MIG_OPT_INT, 0, "900", "1..86400", "Seconds without any good page, at most."},     \
    {"time_limit", MIG_OPT_INT, 0, "0", "0..8640000",                                              \
     "Seconds for one entity; 0: no limit. The next run goes on from there."},                     \
    {"page_limit", MIG_OPT_INT, 0, "67108864", "1024..2147483647",                                 \
     "Largest page in bytes, unpacked."},                                                          \
    {"record_limit", MIG_OPT_INT, 0, "20971520", "1024..1073741824",                               \
     "Longest record in bytes; a longer one is rejected."},                                        \
    {"value_limit", MIG_OPT_INT, 0, "262144", "16..100000000",                                     \
     "Most values in one record, nested ones too."},                                               \
    {"may_be_unseen", MIG_OPT_JSON, 0, NULL, NULL,                                                 \
     "List of fields that need not be in any record: [\"Nickname\", ...]."},                       \
    {"allow_empty", MIG_OPT_BOOL, 0, "false", NULL, "Take an entity without records for right."},  \
    {"allow_http", MIG_OPT_BOOL, 0, "false", NULL,                                                 \
     "Send the key unencrypted to other machines than this one."},                                 \
    {"ca_file", MIG_OPT_PATH, 0, NULL, NULL,                                                       \
     "Certificates to trust in place of the machine's own (PEM)."},                                \
    {"record", MIG_OPT_PATH, 0, NULL, NULL,                                                        \
     "Directory in which the pages that are read are kept."},                                      \
    {"replay", MIG_OPT_PATH, 0, NULL, NULL,                                                        \
     "Directory with such pages, which are read in place of the server."},                         \
    {"secret", MIG_OPT_JSON, 0, NULL, NULL,                                                        \
     "List of fields that are not kept there plainly: [\"Passphrase\", ...]."}
/* clang-format on */

#endif
