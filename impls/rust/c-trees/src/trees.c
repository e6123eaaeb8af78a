/* Rows through trees without a branch: eight trees side by side for a row, or eight rows side by side for a tree.
 *
 * A step goes on to the left child, or to the one after it where the row is above the threshold. A leaf stays where it
 * is, so that all eight go as many steps as the deepest. Nothing waits for another one of the eight. */
#include <math.h>
#include <stddef.h>
#include <stdint.h>

enum { FEATURES = 10, SIDE = 8, BLOCK = 64 };

struct node {
    float threshold;
    uint16_t column; /* of the doubled row */
    uint16_t ahead;  /* to the left child; 0 of a leaf, whose threshold is infinite */
};

struct tree {
    uint32_t root;
    uint32_t depth;
};

struct trees {
    const struct node *nodes;
    const double *values; /* a node's, if it is a leaf */
    const struct tree *trees;
    size_t count;
};

/* The row twice, NaN once as the least number and once as the greatest: a node reads the one where NaN goes its way. */
static void doubled(const float *row, float *out)
{
    for (int i = 0; i < FEATURES; i++) {
        out[i] = isnan(row[i]) ? -INFINITY : row[i];
        out[FEATURES + i] = isnan(row[i]) ? INFINITY : row[i];
    }
}

static inline uint32_t step(const struct node *nodes, uint32_t at, const float *row)
{
    const struct node *node = &nodes[at];
    return at + node->ahead + (row[node->column] > node->threshold);
}

/* Eight trees, of which the last is as deep as any. */
static double eight_trees(const struct trees *t, const struct tree *trees, const float *row)
{
    uint32_t at[SIDE];
    for (int i = 0; i < SIDE; i++)
        at[i] = trees[i].root;
    for (uint32_t depth = trees[SIDE - 1].depth; depth > 0; depth--)
#pragma GCC unroll 8
        for (int i = 0; i < SIDE; i++)
            at[i] = step(t->nodes, at[i], row);
    double sum = 0;
    for (int i = 0; i < SIDE; i++)
        sum += t->values[at[i]];
    return sum;
}

static void eight_rows(const struct trees *t, struct tree tree, const float (*rows)[2 * FEATURES], double *sums)
{
    uint32_t at[SIDE];
    for (int i = 0; i < SIDE; i++)
        at[i] = tree.root;
    for (uint32_t depth = tree.depth; depth > 0; depth--)
#pragma GCC unroll 8
        for (int i = 0; i < SIDE; i++)
            at[i] = step(t->nodes, at[i], rows[i]);
    for (int i = 0; i < SIDE; i++)
        sums[i] += t->values[at[i]];
}

static double one_row(const struct trees *t, const float *row)
{
    double sum = 0;
    size_t done = 0;
    for (; done + SIDE <= t->count; done += SIDE)
        sum += eight_trees(t, t->trees + done, row);
    for (; done < t->count; done++) {
        uint32_t at = t->trees[done].root;
        for (uint32_t depth = t->trees[done].depth; depth > 0; depth--)
            at = step(t->nodes, at, row);
        sum += t->values[at];
    }
    return sum;
}

/* All rows of a block go through a tree before the next one is taken: it stays in the first-level cache. */
static void block(const struct trees *t, const float (*rows)[2 * FEATURES], size_t count, double *sums)
{
    size_t whole = count / SIDE * SIDE;
    for (size_t i = 0; i < whole; i++)
        sums[i] = 0;
    for (size_t tree = 0; tree < t->count; tree++)
        for (size_t i = 0; i < whole; i += SIDE)
            eight_rows(t, t->trees[tree], rows + i, sums + i);
    for (size_t i = whole; i < count; i++)
        sums[i] = one_row(t, rows[i]);
}

void trees_predict(const struct trees *t, const float *rows, size_t count, double *out)
{
    float side[BLOCK][2 * FEATURES];
    for (size_t first = 0; first < count; first += BLOCK) {
        size_t size = count - first < BLOCK ? count - first : BLOCK;
        for (size_t i = 0; i < size; i++)
            doubled(rows + (first + i) * FEATURES, side[i]);
        block(t, (const float (*)[2 * FEATURES])side, size, out + first);
    }
    for (size_t i = 0; i < count; i++)
        out[i] = 1 / (1 + exp(-out[i]));
}
