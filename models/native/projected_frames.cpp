/* A temporal module, then a 1 x 1 convolution; the frames between them are never stored. */

#include <algorithm>
#include <vector>

#include "matrix_tiles.h"
#include "temporal_taps.h"

/* Numbers that go through the module and are multiplied at once. Where the weights are few, they stay in a
   core's second cache (1 MB), together with 100 KB each of the frame, of its two neighbours and of what is made
   of them. Where they are many, they are read anew for each block, so that blocks of 400 KB are better. */
#define FEW_WEIGHTS 65536
#define SMALL_BLOCK 25000
#define LARGE_BLOCK 100000

/* Channels that are summed before their sum joins the others: for exactness, and so that a block has room for
   many rows. */
#define DEPTH 512

extern "C" int omp_get_num_threads(); /* not every compiler has omp.h */

struct Sizes {
  int64_t clips, frames, positions, channels, outputs;

  int64_t all() const { return clips * frames; }
  int64_t padded() const { return round_up(channels, LANES); }
  int64_t panels() const { return round_up(outputs, TILE_COLUMNS) * padded(); }
};

/* A thread's part of the frames between module and convolution, and the outputs that fill no whole panel. */
struct Block {
  std::vector<float> mixed, rest;

  /* Writes channels `from` to `from` + `count` of a position, padded to `depth`, as row `row` of its group. */
  template <typename frames_type>
  inline void mix(const frames_type &frames, int64_t start, int64_t from, int64_t count, int64_t depth,
                  int64_t row) {
    float *to = &mixed[place_in_groups(row, 0, depth)];
    for_channels(count, [&](int64_t c, auto zero) {
      store(to + place_in_groups(0, c, depth), frames.template at<decltype(zero)>(start + from + c, from + c));
    });
    for (int64_t c = count; c < depth; c++) to[place_in_groups(0, c, depth)] = 0;
  }
};

/* y = W v, where v are the frames that module(n, neighbours) makes of frame n. `panels` has sizes.panels()
   zeros. All threads of a parallel region call it together.

   A unit of work is some positions of a frame, or several small frames, so that weights are read seldom. */
template <typename module_type>
static inline void project(const float *x, const float *weights, float *panels, float *y, const Sizes &sizes,
                           module_type module) {
  const int64_t channels = sizes.channels, padded = sizes.padded(), outputs = sizes.outputs;
  const int64_t positions = sizes.positions, frames = sizes.frames, size = positions * channels;
  const int64_t deepest = padded < DEPTH ? padded : DEPTH, whole = outputs / TILE_COLUMNS * TILE_COLUMNS;
  const int64_t block_size = outputs * padded <= FEW_WEIGHTS ? SMALL_BLOCK : LARGE_BLOCK;
  const int64_t rows = round_up(block_size / deepest, TILE_ROWS);
  const int64_t parts = (positions + rows - 1) / rows, per_part = std::min(positions, rows);
  const int64_t for_each_thread = std::max(sizes.all() / omp_get_num_threads(), (int64_t)1);
  const int64_t at_once = parts > 1 ? 1 : std::min({rows / positions, frames, for_each_thread});
  const int64_t steps = (frames + at_once - 1) / at_once;
  const std::vector<float> zeros(per_part * channels);
  Block block{std::vector<float>(round_up(per_part * at_once, TILE_ROWS) * deepest),
              std::vector<float>(round_up(per_part * at_once, TILE_ROWS) * TILE_COLUMNS)};
  pack_weights(weights, panels, outputs, channels, padded);
#pragma omp for schedule(static)
  for (int64_t i = 0; i < sizes.clips * parts * steps; i++) { /* frame after frame: the next is in the cache */
    const int64_t t = i % steps * at_once, start = i / steps % parts * per_part;
    const int64_t n = i / steps / parts * frames + t, here = std::min(positions - start, per_part);
    const int64_t count = std::min(frames - t, at_once) * here;
    float *to = y + (n * positions + start) * outputs;
    for (int64_t from = 0; from < channels; from += DEPTH) {
      const int64_t left = std::min(channels - from, (int64_t)DEPTH), depth = round_up(left, LANES);
      for (int64_t f = 0; f * here < count; f++) {
        const float *own = x + (n + f) * size + start * channels;
        const Neighbours neighbours(own, t + f, frames, size, zeros.data());
        const auto mixed = module(n + f, neighbours);
        for (int64_t p = 0; p < here; p++) block.mix(mixed, p * channels, from, left, depth, f * here + p);
      }
      for (int64_t first = 0; first < outputs; first += TILE_COLUMNS)
        for (int64_t row = 0; row < count; row += TILE_ROWS) {
          const bool is_whole = first < whole;
          float *tile = is_whole ? to + row * outputs + first : &block.rest[row * TILE_COLUMNS];
          Product{&block.mixed[row * depth], panels + first * padded + from * TILE_COLUMNS, depth, tile,
                  is_whole ? outputs : TILE_COLUMNS, from > 0}
              .compute(count - row);
        }
    }
    for (int64_t row = 0; row < count; row++)
      for (int64_t o = whole; o < outputs; o++) to[row * outputs + o] = block.rest[row * TILE_COLUMNS + o - whole];
  }
}

extern "C" {

/* Whether the processor has the registers that the tiles are made for; others were not measured. */
int64_t has_tiles() {
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
  std::vector<float> taps(3 * sizes.all() * channels), panels(sizes.panels());
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
  std::vector<float> panels(sizes.panels());
#pragma omp parallel
  project(x, weights, panels.data(), y, sizes,
          [=](int64_t, const Neighbours &parts) { return Shifted(parts, fold); });
}

}
