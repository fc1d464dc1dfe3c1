/* MEM's gates. */

#include <vector>

#include "pooled.h"

extern "C" {

/* gates = scale * sigmoid(W3 (W1 x^[t] + b1 - W2 x^[t+1] - b2) + b3), 1 for each clip's last frame; x^ is
   the spatial mean. Biases may be null.

   x is (clips * frames, positions, channels), gates (clips * frames, channels), W1 and W2
   (reduced, channels), W3 (channels, reduced). */
void motion_gates(const float *x, float *gates, int64_t clips, int64_t frames, int64_t positions,
                  int64_t channels, int64_t reduced, const float *w1, const float *b1, const float *w2,
                  const float *b2, const float *w3, const float *b3, float scale) {
  const int64_t all = clips * frames;
  std::vector<float> pooled(all * channels), changes(all * reduced);
#pragma omp parallel
  {
    std::vector<float> current(all), following(all);
#pragma omp for schedule(static)
    for (int64_t n = 0; n < all; n++)
      mean_of_positions(x + n * positions * channels, positions, channels, &pooled[n * channels]);
#pragma omp for schedule(static)
    for (int64_t j = 0; j < reduced; j++) {
      multiply(w1 + j * channels, pooled.data(), all, channels, current.data());
      multiply(w2 + j * channels, pooled.data(), all, channels, following.data());
      const float bias = (b1 ? b1[j] : 0) - (b2 ? b2[j] : 0);
      for (int64_t n = 0; n + 1 < all; n++)
        changes[n * reduced + j] = current[n] - following[n + 1] + bias;
    }
#pragma omp for schedule(static)
    for (int64_t c = 0; c < channels; c++) {
      multiply(w3 + c * reduced, changes.data(), all, reduced, current.data());
      for (int64_t n = 0; n < all; n++) {
        const bool is_last = n % frames == frames - 1;
        gates[n * channels + c] = is_last ? 1 : scale * sigmoid(current[n] + (b3 ? b3[c] : 0));
      }
    }
  }
}

}
