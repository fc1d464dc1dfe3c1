/* Tiles of a matrix product U W^T that a processor's registers hold; U comes in groups of TILE_ROWS rows. */

#include "lanes.h"

/* A tile has as many rows as registers allow: of 32, AVX-512 holds 28 in sums, 2 in weights, 1 in a number of
   U; of 16, AVX2 holds 12, 2 and 1. */
#ifdef __AVX512F__
#define TILE_ROWS 14
#define TILE_LANES 16
#else
#define TILE_ROWS 6
#define TILE_LANES 8
#endif
#define TILE_VECTORS 2
#define TILE_COLUMNS (TILE_VECTORS * TILE_LANES)
typedef float tile_lanes __attribute__((vector_size(4 * TILE_LANES)));

static inline int64_t round_up(int64_t number, int64_t unit) { return (number + unit - 1) / unit * unit; }

/* Where channel c of row `row` stands: LANES channels of a group's first row, of its second, and so on.
   `depth` is the number of channels, a multiple of LANES. */
static inline int64_t place_in_groups(int64_t row, int64_t c, int64_t depth) {
  const int64_t first = row / TILE_ROWS * depth + c / LANES * LANES;
  return first * TILE_ROWS + row % TILE_ROWS * LANES + c % LANES;
}

/* Writes weights (outputs, channels) as panels of TILE_COLUMNS outputs, each (padded channels, TILE_COLUMNS).
   `panels` must be zeros: what the weights do not fill stays so. All threads of a parallel region call it
   together, and none leaves it before all have written. */
static inline void pack_weights(const float *weights, float *panels, int64_t outputs, int64_t channels,
                                int64_t padded) {
  const int64_t run = 128; /* channels of an output that are read in one go: long enough for the processor to read ahead */
#pragma omp for schedule(static)
  for (int64_t first = 0; first < outputs; first += TILE_COLUMNS)
    for (int64_t start = 0; start < channels; start += run)
      for (int64_t j = 0; j < TILE_COLUMNS && first + j < outputs; j++)
        for (int64_t c = start; c < channels && c < start + run; c++)
          panels[first * padded + c * TILE_COLUMNS + j] = weights[(first + j) * channels + c];
}

/* A product of a group's rows and a panel, over `depth` channels of both. */
struct Product {
  const float *u, *panel;
  int64_t depth;
  float *y; /* TILE_COLUMNS numbers a row */
  int64_t stride; /* from one row of y to the next */
  bool adds; /* to what stands in y, or overwrites it */

  /* One tile, of the group's first `rows` rows. All loops over it are unrolled: `sums` shall be registers. */
  template <int rows>
  __attribute__((noinline)) void compute_tile() const {
    tile_lanes sums[rows][TILE_VECTORS];
#pragma GCC unroll 14
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 2
      for (int j = 0; j < TILE_VECTORS; j++) sums[i][j] = tile_lanes{};
    const float *row = u, *weights = panel;
    for (int64_t c = 0; c < depth; c += LANES, row += TILE_ROWS * LANES)
      for (int64_t k = 0; k < LANES; k++, weights += TILE_COLUMNS) {
        tile_lanes factors[TILE_VECTORS];
#pragma GCC unroll 2
        for (int j = 0; j < TILE_VECTORS; j++) factors[j] = load<tile_lanes>(weights + j * TILE_LANES);
#pragma GCC unroll 14
        for (int i = 0; i < rows; i++)
#pragma GCC unroll 2
          for (int j = 0; j < TILE_VECTORS; j++) sums[i][j] += row[i * LANES + k] * factors[j];
      }
#pragma GCC unroll 14
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 2
      for (int j = 0; j < TILE_VECTORS; j++) {
        float *to = y + i * stride + j * TILE_LANES;
        store(to, adds ? load<tile_lanes>(to) + sums[i][j] : sums[i][j]);
      }
  }

  /* The same for the group's first `rows` rows, or for `most` of them if there are more. */
  template <int most = TILE_ROWS>
  void compute(int64_t rows) const {
    if constexpr (most > 0) {
      if (rows >= most)
        compute_tile<most>();
      else
        compute<most - 1>(rows);
    }
  }
};
