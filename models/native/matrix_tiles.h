/* Tiles of a matrix product U W^T that a processor's registers hold; U comes in groups of TILE_ROWS rows. */

#include "lanes.h"

#ifdef __AVX512F__ /* 32 registers of 16 numbers */
#define TILE_ROWS 14
#define TILE_LANES 16
#else /* 16 registers of 8 numbers */
#define TILE_ROWS 6
#define TILE_LANES 8
#endif
#define TILE_VECTORS 2
#define TILE_COLUMNS (TILE_VECTORS * TILE_LANES)
typedef float tile_lanes __attribute__((vector_size(4 * TILE_LANES)));

/* Where channel c of row `row` stands: LANES channels of a group's first row, of its second, and so on. */
static inline int64_t place_in_groups(int64_t row, int64_t c, int64_t padded) {
  const int64_t first = row / TILE_ROWS * padded + c / LANES * LANES;
  return first * TILE_ROWS + row % TILE_ROWS * LANES + c % LANES;
}

/* Writes weights (outputs, channels) as panels of TILE_COLUMNS outputs, each (padded channels, TILE_COLUMNS),
   over zeros. All threads of a parallel region call it together. */
static inline void pack_weights(const float *weights, float *panels, int64_t outputs, int64_t channels,
                                int64_t padded) {
  const int64_t run = 128; /* channels of an output that are read at once */
#pragma omp for schedule(static)
  for (int64_t first = 0; first < outputs; first += TILE_COLUMNS)
    for (int64_t start = 0; start < channels; start += run)
      for (int64_t j = 0; j < TILE_COLUMNS && first + j < outputs; j++)
        for (int64_t c = start; c < channels && c < start + run; c++)
          panels[first * padded + c * TILE_COLUMNS + j] = weights[(first + j) * channels + c];
}

/* y = u panel, of the first `rows` rows of a group and `columns` outputs; y has `outputs` numbers a row. */
template <int rows>
static inline void multiply_tile(const float *u, const float *panel, float *y, int64_t padded,
                                 int64_t outputs, int64_t columns) {
  tile_lanes sums[rows][TILE_VECTORS];
#pragma GCC unroll 14 /* as all loops over a tile: `sums` shall be registers */
  for (int i = 0; i < rows; i++)
#pragma GCC unroll 2
    for (int j = 0; j < TILE_VECTORS; j++) sums[i][j] = tile_lanes{};
  for (int64_t c = 0; c < padded; c += LANES, u += TILE_ROWS * LANES)
    for (int64_t k = 0; k < LANES; k++, panel += TILE_COLUMNS) {
      tile_lanes weights[TILE_VECTORS];
#pragma GCC unroll 2
      for (int j = 0; j < TILE_VECTORS; j++) weights[j] = load<tile_lanes>(panel + j * TILE_LANES);
#pragma GCC unroll 14
      for (int i = 0; i < rows; i++)
#pragma GCC unroll 2
        for (int j = 0; j < TILE_VECTORS; j++) sums[i][j] += u[i * LANES + k] * weights[j];
    }
#pragma GCC unroll 14
  for (int i = 0; i < rows; i++)
#pragma GCC unroll 2
    for (int j = 0; j < TILE_VECTORS; j++) {
      float *to = y + i * outputs + j * TILE_LANES;
      if ((j + 1) * TILE_LANES <= columns)
        store(to, sums[i][j]);
      else
        for (int64_t rest = 0; rest < columns - j * TILE_LANES; rest++) to[rest] = sums[i][j][rest];
    }
}

/* The same for a number of rows that is known when it runs, `most` or fewer. */
template <int most>
static void multiply_group(int64_t rows, const float *u, const float *panel, float *y, int64_t padded,
                           int64_t outputs, int64_t columns) {
  if constexpr (most > 0) {
    if (rows >= most)
      multiply_tile<most>(u, panel, y, padded, outputs, columns);
    else
      multiply_group<most - 1>(rows, u, panel, y, padded, outputs, columns);
  }
}
