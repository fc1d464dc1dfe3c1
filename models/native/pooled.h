/* Spatial means of frames, and matrix products of them. */

#include <math.h>

#include <vector>

#include "lanes.h"

#define ROWS 8     /* of a matrix product that are computed at once */
#define AT_ONCE 64 /* positions that are added before their sum joins the others, for exactness */

/* The mean over the positions of one frame. */
static inline void mean_of_positions(const float *frame, int64_t positions, int64_t channels, float *mean) {
  std::vector<float> part(channels);
  for (int64_t c = 0; c < channels; c++) mean[c] = 0;
  for (int64_t p = 0; p < positions;) {
    const int64_t end = p + AT_ONCE < positions ? p + AT_ONCE : positions;
    for (int64_t i = 0; i < channels; i++) part[i] = 0;
    for (; p + 4 <= end; p += 4) {
      const float *a = frame + p * channels, *b = a + channels, *c = b + channels, *d = c + channels;
      for (int64_t i = 0; i < channels; i++) part[i] += (a[i] + b[i]) + (c[i] + d[i]);
    }
    for (; p < end; p++)
      for (int64_t i = 0; i < channels; i++) part[i] += frame[p * channels + i];
    for (int64_t i = 0; i < channels; i++) mean[i] += part[i];
  }
  for (int64_t c = 0; c < channels; c++) mean[c] /= (float)positions;
}

static inline float sum_of_lanes(lanes value) {
  float sums[LANES];
  store(sums, value);
  for (int half = LANES / 2; half; half /= 2)
    for (int i = 0; i < half; i++) sums[i] += sums[i + half];
  return sums[0];
}

template <int count>
static inline void multiply_rows(const float *weights, const float *rows, int64_t length, float *products) {
  lanes sums[count] = {};
  int64_t c = 0;
  for (; c + LANES <= length; c += LANES) {
    const lanes weight = load<lanes>(weights + c);
    for (int i = 0; i < count; i++) sums[i] += weight * load<lanes>(rows + i * length + c);
  }
  for (int i = 0; i < count; i++) {
    float total = sum_of_lanes(sums[i]);
    for (int64_t rest = c; rest < length; rest++) total += weights[rest] * rows[i * length + rest];
    products[i] = total;
  }
}

/* products[n] = the inner product of `weights` and rows[n]; rows is (count, length). */
static inline void multiply(const float *weights, const float *rows, int64_t count, int64_t length,
                            float *products) {
  int64_t n = 0;
  for (; n + ROWS <= count; n += ROWS) multiply_rows<ROWS>(weights, rows + n * length, length, products + n);
  for (; n < count; n++) multiply_rows<1>(weights, rows + n * length, length, products + n);
}

static inline float sigmoid(float x) { return 1 / (1 + expf(-x)); }
