/* Rules of xuchang-sim, translated from Python. Records are blocks of 8-byte words. */
#include <stdint.h>

typedef long long i64;
typedef unsigned long long u64;
typedef uint32_t u32;

#if defined(_WIN32)
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif
#define INLINED inline __attribute__((always_inline))

/* A column, a number or a part of a record by its offset in words. */
#define F8(record, offset) ((double *)(void *)(record) + (offset))
#define I8(record, offset) ((i64 *)(void *)(record) + (offset))
#define PART(table, record, offset) ((table *)((i64 *)(void *)(record) + (offset)))

#ifdef CHECKED
#include <stdio.h>
#include <stdlib.h>
static i64 index_at(i64 i, i64 n, const char *where)
{
    if (i < 0 || i >= n) {
        fprintf(stderr, "%s: index %lld outside 0 to %lld\n", where, i, n - 1);
        abort();
    }
    return i;
}
#define AT1(i, n, where) index_at(i, n, where)
#define AT2(i, j, n, m, where) (index_at(i, n, where) * (m) + index_at(j, m, where))
#define AT3(i, j, k, n, m, l, where) ((index_at(i, n, where) * (m) + index_at(j, m, where)) * (l) + index_at(k, l, where))
#define AT4(i, j, k, h, n, m, l, o, where) \
    (AT3(i, j, k, n, m, l, where) * (o) + index_at(h, o, where))
#define AT5(i, j, k, h, g, n, m, l, o, p, where) \
    (AT4(i, j, k, h, n, m, l, o, where) * (p) + index_at(g, p, where))
#else
#define AT1(i, n, where) (i)
#define AT2(i, j, n, m, where) ((i) * (m) + (j))
#define AT3(i, j, k, n, m, l, where) (((i) * (m) + (j)) * (l) + (k))
#define AT4(i, j, k, h, n, m, l, o, where) ((((i) * (m) + (j)) * (l) + (k)) * (o) + (h))
#define AT5(i, j, k, h, g, n, m, l, o, p, where) \
    (((((i) * (m) + (j)) * (l) + (k)) * (o) + (h)) * (p) + (g))
#endif

/* Division towards minus infinity, as Python's; by zero it gives zero on every processor. */
static INLINED i64 floor_div(i64 a, i64 b)
{
    if (b == 0) return 0;
    if (b == -1) return -a;
    i64 q = a / b, r = a % b;
    return q - ((r != 0) & ((r ^ b) < 0));
}

static INLINED i64 floor_mod(i64 a, i64 b)
{
    if (b == 0 || b == -1) return 0;
    i64 r = a % b;
    return r + (((r != 0) & ((r ^ b) < 0)) ? b : 0);
}

static INLINED i64 shift_left(i64 a, i64 n)
{
    return (i64)((u64)a << n);
}

/* The first of two stays unless the second is beyond it: also for NaN and signed zero. */
static INLINED double float_min(double a, double b) { return b < a ? b : a; }
static INLINED double float_max(double a, double b) { return b > a ? b : a; }
static INLINED i64 int_min(i64 a, i64 b) { return b < a ? b : a; }
static INLINED i64 int_max(i64 a, i64 b) { return b > a ? b : a; }
static INLINED i64 int_abs(i64 a) { return a < 0 ? -a : a; }

static INLINED i64 float_floor(double x)
{
#if defined(__clang__) && (defined(__SSE4_1__) || !defined(__x86_64__))
    return (i64)__builtin_floor(x);
#else
    /* Without the instruction floor would be a call of the C library; gcc makes vectors of this form only. */
    i64 n = (i64)x;
    return n - ((double)n > x);
#endif
}

static INLINED i64 kernel_bits_of(double x)
{
    i64 n;
    __builtin_memcpy(&n, &x, sizeof n);
    return n;
}

static INLINED double kernel_float_of(i64 n)
{
    double x;
    __builtin_memcpy(&x, &n, sizeof x);
    return x;
}

/* streams.philox. Of products of 32-bit words kept in 64 bits clang makes fast vectors; gcc needs words that are 32 bits long. */
#if defined(__clang__)
typedef i64 WORD;
#else
typedef u32 WORD;
#endif
typedef struct { i64 e0; i64 e1; i64 e2; i64 e3; } R_iiii;
static INLINED R_iiii streams_philox(i64 a, i64 b, i64 c, i64 d, i64 low, i64 high)
{
    const i64 mask = 0xFFFFFFFF;
    WORD c0 = (WORD)a, c1 = (WORD)b, c2 = (WORD)c, c3 = (WORD)d, k0 = (WORD)low, k1 = (WORD)high;
    for (int round = 0; round < 10; round++) {
        i64 p0 = (i64)c0 * 0xD2511F53LL, p1 = (i64)c2 * 0xCD9E8D57LL;
        c0 = (WORD)((p1 >> 32) & mask) ^ c1 ^ k0;
        c2 = (WORD)((p0 >> 32) & mask) ^ c3 ^ k1;
        c1 = (WORD)(p1 & mask);
        c3 = (WORD)(p0 & mask);
        k0 = (WORD)((k0 + 0x9E3779B9LL) & mask);
        k1 = (WORD)((k1 + 0xBB67AE85LL) & mask);
    }
    return (R_iiii){c0, c1, c2, c3};
}

/* Rounding to nearest and subnormal numbers as IEEE 754 has them, whatever others have set. */
#if defined(__x86_64__)
typedef unsigned CONTROL;
static CONTROL usual_control(void)
{
    CONTROL before = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(0x1F80);
    return before;
}
static void set_control(CONTROL before) { __builtin_ia32_ldmxcsr(before); }
#elif defined(__aarch64__)
typedef u64 CONTROL;
static void set_control(CONTROL before) { __asm__ volatile("msr fpcr, %0" : : "r"(before)); }
static CONTROL usual_control(void)
{
    CONTROL before;
    __asm__ volatile("mrs %0, fpcr" : "=r"(before));
    set_control(0);
    return before;
}
#else
typedef int CONTROL;
static CONTROL usual_control(void) { return 0; }
static void set_control(CONTROL before) { (void)before; }
#endif

#ifdef ALONE
void *memcpy(void *restrict into, const void *restrict from, __SIZE_TYPE__ n)
{
    char *a = into;
    const char *b = from;
    for (__SIZE_TYPE__ k = 0; k < n; k++) a[k] = b[k];
    return into;
}
void *memset(void *into, int value, __SIZE_TYPE__ n)
{
    char *a = into;
    for (__SIZE_TYPE__ k = 0; k < n; k++) a[k] = (char)value;
    return into;
}
void *memmove(void *into, const void *from, __SIZE_TYPE__ n)
{
    char *a = into;
    const char *b = from;
    if (a < b)
        for (__SIZE_TYPE__ k = 0; k < n; k++) a[k] = b[k];
    else
        for (__SIZE_TYPE__ k = n; k > 0; k--) a[k - 1] = b[k - 1];
    return into;
}
#if defined(_WIN32)
int _fltused = 0;
#endif
#endif

