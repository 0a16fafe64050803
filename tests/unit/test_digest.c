/* test_digest.c - known answers: FIPS 180-4 examples for SHA-256, RFC 9562 appendix A.4 and
 * independently computed names for UUID version 5. */
#include <unistd.h>

#include "digest.h"
#include "unit.h"

#define SHA256_EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SHA256_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define SHA256_MILLION_A "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"

static void text_gives_known_digests(void)
{
    char hex[65];
    digest_text("", hex);
    CU_ASSERT_STRING_EQUAL(hex, SHA256_EMPTY);
    digest_text("abc", hex);
    CU_ASSERT_STRING_EQUAL(hex, SHA256_ABC);
}

static void running_digest_starts_anew(void)
{
    char hex[65];
    struct digest *d = digest_new();
    CU_ASSERT_PTR_NOT_NULL_FATAL(d);
    for (int i = 0; i < 2; i++) {
        digest_add(d, "a", 1);
        digest_add(d, "bc", 2);
        digest_hex(d, hex);
        CU_ASSERT_STRING_EQUAL(hex, SHA256_ABC);
    }
    digest_hex(d, hex);
    CU_ASSERT_STRING_EQUAL(hex, SHA256_EMPTY);
    digest_free(d);
    digest_free(NULL);
}

static void file_is_read_from_its_start(void)
{
    char hex[65], block[1000];
    FILE *f = tmpfile();
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    memset(block, 'a', sizeof block);
    for (int i = 0; i < 1000; i++)
        CU_ASSERT_EQUAL(fwrite(block, 1, sizeof block, f), sizeof block);
    CU_ASSERT_EQUAL(fflush(f), 0);
    off_t before = lseek(fileno(f), 0, SEEK_CUR);
    CU_ASSERT_EQUAL(digest_fd(fileno(f), hex), 0);
    CU_ASSERT_STRING_EQUAL(hex, SHA256_MILLION_A);
    CU_ASSERT_EQUAL(lseek(fileno(f), 0, SEEK_CUR), before);
    fclose(f);
    CU_ASSERT_EQUAL(digest_fd(-1, hex), -1);
    CU_ASSERT_STRING_EQUAL(hex, "");
}

static void uuid5_gives_the_vector_of_the_rfc(void)
{
    static const unsigned char dns[16] = {0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1,
                                          0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8};
    char text[37];
    struct digest_uuid *u = digest_uuid_namespace(dns);
    CU_ASSERT_PTR_NOT_NULL_FATAL(u);
    for (int i = 0; i < 2; i++) {
        digest_uuid5(u, "www.example.com", 15, text);
        CU_ASSERT_STRING_EQUAL(text, "2ed6657d-e927-568b-95e1-2665a8aea6a2");
    }
    digest_uuid_free(u);
    digest_uuid_free(NULL);
}

static void uuid5_of_project_and_entity(void)
{
    char text[37], other[37];
    struct digest_uuid *u = digest_uuid_new("shop", "users");
    CU_ASSERT_PTR_NOT_NULL_FATAL(u);
    digest_uuid5(u, "42", 2, text);
    CU_ASSERT_STRING_EQUAL(text, "9b3d5ed4-b260-5f46-96ec-c7d157ea3d2e");
    digest_uuid_free(u);
    u = digest_uuid_new("shop", "orders");
    CU_ASSERT_PTR_NOT_NULL_FATAL(u);
    digest_uuid5(u, "42", 2, other);
    CU_ASSERT_STRING_NOT_EQUAL(text, other);
    digest_uuid_free(u);
}

static void random_bytes_differ(void)
{
    unsigned char a[32], b[32];
    CU_ASSERT_EQUAL(digest_random(a, sizeof a), 0);
    CU_ASSERT_EQUAL(digest_random(b, sizeof b), 0);
    CU_ASSERT_NOT_EQUAL(memcmp(a, b, sizeof a), 0);
    CU_ASSERT_EQUAL(digest_random(a, 0), 0);
}

static void sealed_is_read_by_its_sealer_alone(void)
{
    static const char plain[] = "what waits in a file";
    char text[sizeof plain];
    unsigned char tag[DIGEST_TAG_BYTES];
    struct digest_seal *s = digest_seal_new(), *other = digest_seal_new();
    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
    CU_ASSERT_PTR_NOT_NULL_FATAL(other);
    memcpy(text, plain, sizeof plain);
    CU_ASSERT_EQUAL(digest_seal(s, 7, text, sizeof text, tag), 0);
    CU_ASSERT_NOT_EQUAL(memcmp(text, plain, sizeof plain), 0);
    char sealed[sizeof plain];
    memcpy(sealed, text, sizeof sealed);
    CU_ASSERT_EQUAL(digest_unseal(s, 7, text, sizeof text, tag), 0);
    CU_ASSERT_STRING_EQUAL(text, plain);
    memcpy(text, sealed, sizeof sealed);
    CU_ASSERT_EQUAL(digest_unseal(s, 8, text, sizeof text, tag), -1);
    memcpy(text, sealed, sizeof sealed);
    CU_ASSERT_EQUAL(digest_unseal(other, 7, text, sizeof text, tag), -1);
    memcpy(text, sealed, sizeof sealed);
    text[3] ^= 1;
    CU_ASSERT_EQUAL(digest_unseal(s, 7, text, sizeof text, tag), -1);
    CU_ASSERT_EQUAL(digest_seal(s, 9, text, 0, tag), 0);
    digest_seal_free(s);
    digest_seal_free(other);
}

static const struct unit_case cases[] = {
    {"text_gives_known_digests", text_gives_known_digests},
    {"running_digest_starts_anew", running_digest_starts_anew},
    {"file_is_read_from_its_start", file_is_read_from_its_start},
    {"uuid5_gives_the_vector_of_the_rfc", uuid5_gives_the_vector_of_the_rfc},
    {"uuid5_of_project_and_entity", uuid5_of_project_and_entity},
    {"random_bytes_differ", random_bytes_differ},
    {"sealed_is_read_by_its_sealer_alone", sealed_is_read_by_its_sealer_alone},
};

int main(int argc, char **argv)
{
    return UNIT_MAIN("digest", cases, argc, argv);
}
