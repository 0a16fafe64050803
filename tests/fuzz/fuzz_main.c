/* fuzz_main.c - runs a fuzz target without libFuzzer, so that "make check" exercises it with any
 * compiler.
 *
 *     fuzz_x             the target's seeds and mutations of them, always the same ones
 *     fuzz_x FILE...     these inputs, such as one that libFuzzer found
 *
 * With libFuzzer this file is left out: clang -fsanitize=fuzzer,address,undefined fuzz_x.c ...
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX ((size_t)4096)
#define ROUNDS 400 /* mutations of each seed */

/* xorshift; the numbers need be neither good nor secret, but the same everywhere. */
static uint32_t next_random(void)
{
    static uint32_t state = 2463534242U;
    state ^= state << 13;
    state ^= state >> 17;
    return state ^= state << 5;
}

/* The input in memory of exactly its size, so that the sanitizer sees a byte read too many. */
static void run(const unsigned char *data, size_t n)
{
    unsigned char *exact = malloc(n ? n : 1);
    if (!exact)
        abort();
    memcpy(exact, data, n);
    LLVMFuzzerTestOneInput(exact, n);
    free(exact);
}

static size_t mutate(unsigned char *data, size_t n, const char *other)
{
    size_t at = n ? next_random() % n : 0, length = strlen(other);
    switch (next_random() % 5) {
    case 0: /* another byte */
        if (n)
            data[at] = (unsigned char)next_random();
        return n;
    case 1: /* a byte less */
        if (!n)
            return 0;
        memmove(data + at, data + at + 1, n - at - 1);
        return n - 1;
    case 2: /* a piece twice */
        if (n * 2 > INPUT_MAX)
            return n;
        memcpy(data + n, data + at, n - at);
        return n + n - at;
    case 3: /* cut off */
        return at;
    default: /* goes on with the end of another seed */
        if (!length)
            return n;
        length -= next_random() % length;
        if (at + length > INPUT_MAX)
            return n;
        memcpy(data + at, other + strlen(other) - length, length);
        return at + length;
    }
}

static void run_seeds(void)
{
    size_t n_seeds = 0;
    while (fuzz_seeds[n_seeds])
        n_seeds++;
    for (size_t i = 0; i < n_seeds; i++) {
        const char *seed = fuzz_seeds[i];
        run((const unsigned char *)seed, strlen(seed));
        for (int round = 0; round < ROUNDS; round++) {
            unsigned char data[INPUT_MAX];
            size_t n = strlen(seed);
            memcpy(data, seed, n);
            for (uint32_t k = next_random() % 4 + 1; k > 0; k--)
                n = mutate(data, n, fuzz_seeds[next_random() % n_seeds]);
            run(data, n);
        }
    }
}

static int run_file(const char *path)
{
    static unsigned char data[1 << 20];
    FILE *f = fopen(path, "rb");
    if (!f) {
        perror(path);
        return 1;
    }
    run(data, fread(data, 1, sizeof data, f));
    fclose(f);
    return 0;
}

int main(int argc, char **argv)
{
    int status = 0;
    if (argc < 2)
        run_seeds();
    for (int i = 1; i < argc; i++)
        status |= run_file(argv[i]);
    return status;
}
