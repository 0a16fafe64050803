/* policy.h - what becomes of a password, by what it is: the options that both transforms of this
 * plugin share, and the decision. Nothing is hashed here. */
#ifndef MIGHOST_PASSWORD_POLICY_H
#define MIGHOST_PASSWORD_POLICY_H

#include <mighost/plugin.h>

enum policy_kind { POLICY_PLAIN, POLICY_BCRYPT, POLICY_MISSING };
enum policy_act { POLICY_HASH, POLICY_KEEP, POLICY_GENERATE, POLICY_RESET, POLICY_REJECT };

struct policy {
    const mig_host_t *host;
    enum policy_act acts[3]; /* by kind; POLICY_KEEP of what is missing: it stays missing */
    int truncate;            /* over 72 bytes: cut, else refused */
};

/* MIG_OK, or a failure that is said. */
int32_t policy_read(struct policy *p, const mig_host_t *host);
/* What becomes of it. MIG_OK, or MIG_REJECT, said. Counts nothing. */
int32_t policy_decide(const struct policy *p, const mig_value_t *in, uint32_t n_in,
                      enum policy_act *act, enum policy_kind *kind);
/* Bytes of a plain password that are hashed. */
uint32_t policy_len(const struct policy *p, const mig_value_t *in);

/* The options, for the tables of the units. */
#define POLICY_OPTIONS                                                                             \
    {"plain",                                                                                      \
     MIG_OPT_TEXT,                                                                                 \
     0,                                                                                            \
     "hash",                                                                                       \
     "hash|generate|reset|reject",                                                                 \
     "What becomes of a password as it was typed."},                                               \
        {"bcrypt",                                                                                 \
         MIG_OPT_TEXT,                                                                             \
         0,                                                                                        \
         "keep",                                                                                   \
         "keep|hash|generate|reset|reject",                                                        \
         "What becomes of a text that is a bcrypt hash already; keep is counted."},                \
        {"missing",                                                                                \
         MIG_OPT_TEXT,                                                                             \
         0,                                                                                        \
         "keep",                                                                                   \
         "keep|generate|reset|reject",                                                             \
         "What becomes of a missing or empty one; keep: it stays missing."},                       \
    {                                                                                              \
        "long", MIG_OPT_TEXT, 0, "reject", "reject|truncate",                                      \
            "What becomes of more than 72 bytes, which bcrypt does not look at; truncate is "      \
            "counted."                                                                             \
    }

#endif
