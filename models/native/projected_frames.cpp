/* A temporal module, then a 1 x 1 convolution; the frames between them are never stored. */

#include <vector>

#include "matrix_tiles.h"
#include "temporal_taps.h"

#define BLOCK_SIZE 25000 /* numbers of a frame that go through the module, and are multiplied at once */

struct Sizes {
  int64_t clips, frames, positions, channels, outputs;

  int64_t all() const { return clips * frames; }
  int64_t padded() const { return (channels + LANES - 1) / LANES * LANES; }
  int64_t columns() const { return (outputs + TILE_COLUMNS - 1) / TILE_COLUMNS * TILE_COLUMNS; }
};

/* y = W v, where v are the frames that module(n, parts) makes of frame n and its neighbours. `panels` are
   columns() * padded() zeros. All threads of a parallel region call it together. */
template <typename module_type>
static inline void project(const float *x, const float *weights, float *panels, float *y, const Sizes &sizes,
                           module_type module) {
  const int64_t channels = sizes.channels, padded = sizes.padded(), outputs = sizes.outputs;
  const int64_t positions = sizes.positions, frames = sizes.frames, size = positions * channels;
  const int64_t per_block = (BLOCK_SIZE / padded / TILE_ROWS + 1) * TILE_ROWS;
  const int64_t blocks = (positions + per_block - 1) / per_block;
  const std::vector<float> zeros(per_block * channels);
  std::vector<float> block(per_block * padded);
  pack_weights(weights, panels, outputs, channels, padded);
#pragma omp for schedule(static)
  for (int64_t i = 0; i < sizes.clips * blocks * frames; i++) { /* frame after frame: the next is in the cache */
    const int64_t t = i % frames, n = i / frames / blocks * frames + t, start = i / frames % blocks * per_block;
    const int64_t here = positions - start < per_block ? positions - start : per_block;
    const Neighbours parts(x + n * size + start * channels, t, frames, size, zeros.data());
    const auto mixed = module(n, parts);
    for (int64_t p = 0; p < here; p++)
      for_channels(channels, [&](int64_t c, auto zero) {
        store(&block[place_in_groups(p, c, padded)], mixed.template at<decltype(zero)>(p * channels + c, c));
      });
    for (int64_t first = 0; first < outputs; first += TILE_COLUMNS)
      for (int64_t p = 0; p < here; p += TILE_ROWS)
        multiply_group<TILE_ROWS>(here - p, &block[p * padded], panels + first * padded,
                                  y + (n * positions + start + p) * outputs + first, padded, outputs,
                                  outputs - first);
  }
}

extern "C" {

/* Whether the processor has the registers that the tiles are made for; others were not measured. */
int64_t can_project() {
#ifdef __FMA__
  return 1;
#else
  return 0;
#endif
}

/* y = W v, with v[t] = k[0] u[t-1] + k[1] u[t] + k[2] u[t+1] and u = gates * x, zeros beyond a clip's ends.

   x is (clips * frames, positions, channels), kernels (channels, 3), gates (clips * frames, channels) or
   null, for ones, W (outputs, channels), y (clips * frames, positions, outputs). */
void convolve_and_project(const float *x, const float *kernels, const float *gates, const float *weights,
                          float *y, int64_t clips, int64_t frames, int64_t positions, int64_t channels,
                          int64_t outputs) {
  const Sizes sizes{clips, frames, positions, channels, outputs};
  std::vector<float> taps(3 * sizes.all() * channels), panels(sizes.columns() * sizes.padded());
#pragma omp parallel
  {
    make_taps(kernels, gates, taps.data(), sizes.all(), frames, channels);
    project(x, weights, panels.data(), y, sizes, [&](int64_t n, const Neighbours &parts) {
      return Weighed{parts, &taps[3 * n * channels], channels};
    });
  }
}

/* y = W v, with TSM's shift v: the first `fold` channels of x[t+1], the second of x[t-1], the rest of x[t].

   Shapes as above. */
void shift_and_project(const float *x, int64_t fold, const float *weights, float *y, int64_t clips,
                       int64_t frames, int64_t positions, int64_t channels, int64_t outputs) {
  const Sizes sizes{clips, frames, positions, channels, outputs};
  std::vector<float> panels(sizes.columns() * sizes.padded());
#pragma omp parallel
  project(x, weights, panels.data(), y, sizes,
          [=](int64_t, const Neighbours &parts) { return Shifted{parts, fold}; });
}

}
