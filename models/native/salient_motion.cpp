/* SME's weights of the channels. */

#include <vector>

#include "pooled.h"

/* to = a 3x3 convolution of (from + 1), or of ones where `from` is null, with the transposed kernel; one
   channel, (height, width), zeros beyond the border. */
static void spread_ones(const float *from, const float *kernel, float *to, int64_t height, int64_t width) {
  for (int64_t i = 0; i < height * width; i++) to[i] = 0;
  for (int dy = -1; dy <= 1; dy++)
    for (int dx = -1; dx <= 1; dx++) {
      const float weight = kernel[(1 - dy) * 3 + 1 - dx];
      for (int64_t y = dy < 0 ? 1 : 0; y < height - (dy > 0); y++)
        for (int64_t x = dx < 0 ? 1 : 0; x < width - (dx > 0); x++)
          to[y * width + x] += weight * (from ? 1 + from[(y + dy) * width + x + dx] : 1);
    }
}

extern "C" {

/* gates = 1 + sigmoid(W m + b), m the mean of the pyramidal motion, zero for each clip's last frame.

   The motion is linear in the aligned frames, so its mean is a sum of them with the same weights in every
   frame: the convolutions' transposes, applied to ones.

   current and aligned are (clips * (frames - 1), height, width, reduced), kernels has `levels` pointers
   to (reduced, 3, 3), W is (channels, reduced), b may be null, gates (clips * frames, channels). */
void salient_motion_gates(const float *current, const float *aligned, float *gates, int64_t clips,
                          int64_t frames, int64_t height, int64_t width, int64_t reduced, int64_t channels,
                          int64_t levels, const float *const *kernels, const float *w, const float *b) {
  const int64_t positions = height * width, all = clips * frames, pairs = clips * (frames - 1);
  std::vector<float> weights(positions * reduced), motion(all * reduced);
#pragma omp parallel
  {
    std::vector<float> level(positions), next(positions), total(positions), products(all), part(reduced);
#pragma omp for schedule(static)
    for (int64_t c = 0; c < reduced; c++) {
      for (int64_t k = levels - 1; k >= 0; k--) {
        spread_ones(k == levels - 1 ? nullptr : level.data(), kernels[k] + 9 * c, next.data(), height, width);
        for (int64_t p = 0; p < positions; p++) total[p] = (k == levels - 1 ? 0 : total[p]) + next[p];
        level.swap(next);
      }
      for (int64_t p = 0; p < positions; p++) weights[p * reduced + c] = total[p] / (float)positions;
    }
#pragma omp for schedule(static)
    for (int64_t i = 0; i < pairs; i++) {
      float *mean = &motion[(i / (frames - 1) * frames + i % (frames - 1)) * reduced];
      const float *own = current + i * positions * reduced, *following = aligned + i * positions * reduced;
      const float share = (float)levels / (float)positions;
      for (int64_t start = 0; start < positions; start += AT_ONCE) {
        const int64_t end = start + AT_ONCE < positions ? start + AT_ONCE : positions;
        for (int64_t c = 0; c < reduced; c++) part[c] = 0;
        for (int64_t p = start; p < end; p++)
          for (int64_t c = 0; c < reduced; c++) {
            const int64_t at = p * reduced + c;
            part[c] += weights[at] * following[at] - share * own[at];
          }
        for (int64_t c = 0; c < reduced; c++) mean[c] += part[c];
      }
    }
#pragma omp for schedule(static)
    for (int64_t c = 0; c < channels; c++) {
      multiply(w + c * reduced, motion.data(), all, reduced, products.data());
      for (int64_t n = 0; n < all; n++) gates[n * channels + c] = 1 + sigmoid(products[n] + (b ? b[c] : 0));
    }
  }
}

}
