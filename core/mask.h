/* mask.h - fields of class "secret" and "pii": what of them is not written into any file. Nothing
 * here knows who writes. */
#ifndef MIGHOST_MASK_H
#define MIGHOST_MASK_H

#include "project.h"
#include "str.h"

#define MASK_TEXT "***"

/* 1 when the source keys of the stage are made of such fields. */
int mask_keys(const struct project *p, const char *stage);
/* 1 when keys in the target may hold such fields: they are copied, or made of the record. */
int mask_final_keys(const struct project *p, const char *stage);
/* 1 when a stage, also a disabled one, calls the field of what it reads there secret, or a part of
 * it ("login.password" of "login"). Names of entities that differ in case and blanks only are
 * one. */
int mask_is_secret(const struct project *p, const char *source, const char *entity,
                   const char *field, size_t n);
/* The same of any stage of the project. */
int mask_any_keys(const struct project *p);
/* 1 when records of the stage have fields that are masked where the record is written. */
int mask_has(const struct project *p, const char *stage);
/* The record, a JSON object, with these fields masked and otherwise byte for byte. `found` is
 * called for each text that was masked. Appends nothing when it is no object, or too large to be
 * read. */
void mask_record(const struct project *p, const char *stage, const char *raw, size_t n,
                 struct str *out,
                 void (*found)(void *ctx, const char *field, const char *text, size_t n),
                 void *ctx);
/* "stage:key code" of a first cause, without a key that is to be masked. */
void mask_cause(const struct project *p, const char *cause, struct str *out);
/* A reason that names another record of the stage by its key, without that key. */
void mask_reason(const struct project *p, const char *stage, const char *reason, struct str *out);

#endif
