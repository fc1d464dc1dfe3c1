/* A depth-wise temporal convolution of 3 frames, of gated frames or plain ones. */

#include <vector>

#include "temporal_taps.h"

#define PART_SIZE 4096 /* numbers of a frame that stay in the cache until its neighbours have read them */

/* Outputs of more numbers leave little of the cache to x, and are stored past it. */
#define CACHED_SIZE 4000000

template <bool is_cached>
static inline void add_frames(const Weighed &frames, float *y, int64_t positions, int64_t channels) {
  for (int64_t p = 0; p < positions; p++)
    for_channels(channels, [=](int64_t c, auto zero) {
      const int64_t i = p * channels + c;
      const auto sum = frames.at<decltype(zero)>(i, c);
      if (is_cached)
        store(y + i, sum);
      else
        stream(y + i, sum);
    });
}

extern "C" {

/* y[t] = k[0] u[t-1] + k[1] u[t] + k[2] u[t+1] with u = gates * x, zeros beyond a clip's ends.

   x and y are (clips * frames, positions, channels), kernels (channels, 3), gates
   (clips * frames, channels) or null, for ones. */
void convolve_over_time(const float *x, const float *kernels, const float *gates, float *y, int64_t clips,
                        int64_t frames, int64_t positions, int64_t channels) {
  const int64_t all = clips * frames, per_part = channels < PART_SIZE ? PART_SIZE / channels : 1;
  const int64_t parts = (positions + per_part - 1) / per_part, size = positions * channels;
  std::vector<float> taps(3 * all * channels), zeros(per_part * channels);
#pragma omp parallel
  {
    make_taps(kernels, gates, taps.data(), all, frames, channels);
#pragma omp for schedule(static)
    for (int64_t i = 0; i < clips * parts; i++) {
      const int64_t start = i % parts * per_part;
      const int64_t here = positions - start < per_part ? positions - start : per_part;
      for (int64_t t = 0; t < frames; t++) {
        const int64_t n = i / parts * frames + t, at = n * size + start * channels;
        const Neighbours neighbours(x + at, t, frames, size, zeros.data());
        const Weighed weighed{neighbours, &taps[3 * n * channels], channels};
        if (all * size <= CACHED_SIZE)
          add_frames<true>(weighed, y + at, here, channels);
        else
          add_frames<false>(weighed, y + at, here, channels);
      }
    }
    fence();
  }
}

}
