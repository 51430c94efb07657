/* Reference states that PyTorch computed, as .npy files below $SHARED/oracle (default
 * ../shared/oracle), brought to this engine's layout: images NCHW to NHWC, weights OIHW to HWIO. */
#ifndef TESTS_ORACLE_H
#define TESTS_ORACLE_H
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "graph/graph.h"

struct oracle_array {
    int rank;
    size_t extent[8], count;
    double *value; /* NULL: no such array; free() */
};

/* The path of a case's folder or of one of its arrays, in one static buffer. */
__attribute__((unused)) static const char *oracle_path(const char *folder, const char *array)
{
    static char path[512];
    const char *root = getenv("SHARED") ? getenv("SHARED") : "../shared";
    snprintf(path, sizeof path, "%s/oracle/%s%s%s%s", root, folder, array ? "/" : "",
             array ? array : "", array ? ".npy" : "");
    return path;
}

__attribute__((unused)) static bool oracle_there(const char *folder)
{
    FILE *f = fopen(oracle_path(folder, NULL), "r");
    if (f)
        fclose(f);
    return f != NULL;
}

/* Format 1.0, C order, of f8, f4 or i8. */
__attribute__((unused)) static struct oracle_array oracle_read(const char *path)
{
    struct oracle_array a = {.count = 1};
    unsigned char magic[10];
    char head[1024] = "", *shape;
    FILE *f = fopen(path, "rb");

    if (!f)
        return a;
    if (fread(magic, 1, sizeof magic, f) != sizeof magic ||
        fread(head, 1, (size_t)(magic[8] | magic[9] << 8) % sizeof head, f) == 0 ||
        !(shape = strstr(head, "'shape': (")))
        goto done;
    for (shape += 10; *shape && *shape != ')' && a.rank < 8; shape += strspn(shape, ", "))
        a.count *= a.extent[a.rank++] = (size_t)strtoul(shape, &shape, 10);
    a.value = calloc(a.count + 1, sizeof *a.value);
    for (size_t i = 0; i < a.count; i++) {
        float single;
        int64_t integer;
        bool good = strstr(head, "<f8")   ? fread(&a.value[i], 8, 1, f) == 1
                    : strstr(head, "<f4") ? fread(&single, 4, 1, f) == 1
                                          : fread(&integer, 8, 1, f) == 1;
        if (!good) {
            free(a.value);
            a.value = NULL;
            break;
        }
        if (strstr(head, "<f4"))
            a.value[i] = single;
        else if (!strstr(head, "<f8"))
            a.value[i] = (double)integer;
    }
done:
    fclose(f);
    return a;
}

/* Reorders a [A, B, C, D] to [C, D, B, A] (weights) or to [A, C, D, B] (images). */
__attribute__((unused)) static void oracle_permute(struct oracle_array *a, bool weights)
{
    size_t A = a->extent[0], B = a->extent[1], C = a->extent[2], D = a->extent[3];
    double *to = calloc(a->count + 1, sizeof *to);
    for (size_t i = 0; i < A; i++)
        for (size_t j = 0; j < B; j++)
            for (size_t k = 0; k < C * D; k++)
                to[weights ? (k * B + j) * A + i : (i * C * D + k) * B + j] =
                    a->value[(i * B + j) * C * D + k];
    free(a->value);
    a->value = to;
}

/* The array of a parameter, in the engine's layout: convolutions, depthwise convolutions and
 * transposed ones (all rank 4 there), linear layers, and the rest as it is. */
__attribute__((unused)) static struct oracle_array
oracle_parameter(const char *folder, const char *prefix, const char *name, bool linear)
{
    char full[256];
    snprintf(full, sizeof full, "%s%s", prefix, name);
    struct oracle_array a = oracle_read(oracle_path(folder, full));
    if (a.value && linear && a.rank == 2) {
        a.extent[2] = a.extent[3] = 1;
        a.rank = 4;
    }
    if (a.value && a.rank == 4)
        oracle_permute(&a, true);
    return a;
}

__attribute__((unused)) static struct oracle_array oracle_images(const char *folder,
                                                                 const char *name)
{
    struct oracle_array a = oracle_read(oracle_path(folder, name));
    if (a.value && a.rank == 4)
        oracle_permute(&a, false);
    return a;
}

/* Copies an array into a node's value; false where it is missing or of another size. */
__attribute__((unused)) static bool oracle_fill(struct node *n, struct oracle_array a, int batch)
{
    bool good = a.value && a.count == node_count(n) * (size_t)batch;
    for (size_t i = 0; good && i < a.count; i++)
        node_value(n)[i] = (real)a.value[i];
    free(a.value);
    return good;
}

/* The largest difference relative to the array's largest member; infinite where it is missing. */
__attribute__((unused)) static double oracle_distance(const real *x, size_t count,
                                                      struct oracle_array a)
{
    double most = 0, difference = 0;
    bool good = a.value && a.count == count;
    for (size_t i = 0; good && i < count; i++) {
        most = fmax(most, fabs(a.value[i]));
        double d = fabs((double)x[i] - a.value[i]);
        difference = isnan(d) ? INFINITY : fmax(difference, d);
    }
    free(a.value);
    return !good ? INFINITY : most > 0 ? difference / most : difference;
}
#endif
