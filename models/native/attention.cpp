/* Attention of many narrow tokens. */

#include "lanes.h"

typedef int32_t integers __attribute__((vector_size(4 * LANES)));

/* 2^x for -126 <= x <= 126, with a relative error below 3e-7. */
static inline lanes power_of_two(lanes x) {
  const lanes shifted = x + 12582912.0f; /* 1.5 * 2^23: the lowest bits now hold x, rounded */
  const lanes f = x - (shifted - 12582912.0f); /* -0.5 to 0.5 */
  lanes p = f * 0.0013276472454890609f + 0.009675540961325169f;
  p = p * f + 0.05550713092088699f;
  p = p * f + 0.24022120237350464f;
  p = p * f + 0.6931469440460205f;
  p = p * f + 1.0000001192092896f;
  return (lanes)((integers)p + ((integers)shifted << 23)); /* into the exponent */
}

static inline lanes larger(lanes a, lanes b) { return a > b ? a : b; }

template <int width>
static inline lanes product(const lanes *query, const float *key) {
  lanes score = query[0] * key[0];
  for (int c = 1; c < width; c++) score += query[c] * key[c];
  return score;
}

/* The weighted mean of all keys. Scores of long queries get the largest one subtracted. */
template <int width, bool is_long>
static inline void average_keys(const lanes *query, const float *keys, int64_t tokens, lanes *mean) {
  lanes largest = {}, sum[width] = {}, total = {};
  if (is_long) {
    largest = product<width>(query, keys);
    for (int64_t j = 1; j < tokens; j++) largest = larger(largest, product<width>(query, keys + j * width));
  }
  for (int64_t j = 0; j < tokens; j++) {
    const float *key = keys + j * width;
    lanes score = product<width>(query, key);
    if (is_long) score = larger(score - largest, lanes{} - 126.0f);
    const lanes weight = power_of_two(score);
    total += weight;
    for (int c = 0; c < width; c++) sum[c] += weight * key[c];
  }
  for (int c = 0; c < width; c++) mean[c] = sum[c] / total;
}

/* Up to LANES queries against all keys. */
template <int width>
static void attend_block(const float *queries, const float *keys, float *out, int64_t tokens, int64_t here,
                         float limit) {
  lanes query[width], mean[width], squared = {};
  for (int c = 0; c < width; c++) {
    query[c] = lanes{};
    for (int i = 0; i < here; i++) query[c][i] = queries[i * width + c];
    squared += query[c] * query[c];
  }
  bool is_long = false;
  for (int i = 0; i < LANES; i++) is_long |= squared[i] > limit;
  if (is_long)
    average_keys<width, true>(query, keys, tokens, mean);
  else
    average_keys<width, false>(query, keys, tokens, mean);
  for (int c = 0; c < width; c++)
    for (int i = 0; i < here; i++) out[i * width + c] = mean[c][i];
}

extern "C" {

/* out = softmax of 2^(Q K^T), times K: queries, keys and out are (frames, tokens, width). Queries whose
   squared norm is at most `limit` must have scores within -100 to 100. */
void attend(const float *queries, const float *keys, float *out, int64_t frames, int64_t tokens,
            int64_t width, float limit) {
  const int64_t per_frame = (tokens + LANES - 1) / LANES;
#pragma omp parallel for schedule(static)
  for (int64_t block = 0; block < frames * per_frame; block++) {
    const int64_t n = block / per_frame, start = block % per_frame * LANES;
    const int64_t here = tokens - start < LANES ? tokens - start : LANES;
    const float *query = queries + (n * tokens + start) * width, *key = keys + n * tokens * width;
    float *to = out + (n * tokens + start) * width;
    switch (width) {
      case 4: attend_block<4>(query, key, to, tokens, here, limit); break;
      case 8: attend_block<8>(query, key, to, tokens, here, limit); break;
      case 16: attend_block<16>(query, key, to, tokens, here, limit); break;
    }
  }
}

}
