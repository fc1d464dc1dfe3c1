/* Attention of many narrow tokens. */

#include <math.h>

#include <vector>

#include "lanes.h"

/* 2^-100 to 2^100, summed over all tokens, stays within float32 without subtracting the maximum. */
#define SAFE_EXPONENT 100.0f

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

/* Up to LANES queries against all keys of their frame. */
template <int width>
static void attend_block(const float *queries, const float *keys, const float *mean_key, float *out,
                         int64_t tokens, int64_t here, float scale, float longest_key) {
  lanes query[width], mean[width], squared = {};
  for (int c = 0; c < width; c++) {
    query[c] = lanes{};
    for (int i = 0; i < here; i++) query[c][i] = queries[i * width + c] * scale;
    squared += query[c] * query[c];
  }
  const float limit = SAFE_EXPONENT / fmaxf(longest_key, 1e-6f);
  bool is_long = false;
  for (int i = 0; i < LANES; i++) is_long |= squared[i] > limit * limit;
  if (is_long)
    average_keys<width, true>(query, keys, tokens, mean);
  else
    average_keys<width, false>(query, keys, tokens, mean);
  for (int c = 0; c < width; c++)
    for (int i = 0; i < here; i++) out[i * width + c] = mean[c][i] + mean_key[c];
}

/* Subtracts the mean of the keys of one frame. Returns the length of the longest difference, or NaN
   where a query or key is not finite. */
template <int width>
static float centre(const float *queries, const float *keys, int64_t tokens, float *centred, float *mean) {
  float sum[width] = {}, queries_sum = 0, longest = 0;
  for (int64_t i = 0; i < tokens; i++)
    for (int c = 0; c < width; c++) sum[c] += keys[i * width + c];
#pragma omp simd reduction(+ : queries_sum)
  for (int64_t i = 0; i < tokens * width; i++) queries_sum += queries[i] * 0.0f; /* NaN if not finite */
  for (int c = 0; c < width; c++) mean[c] = sum[c] / (float)tokens;
  for (int64_t i = 0; i < tokens; i++) {
    float squared = queries_sum;
    for (int c = 0; c < width; c++) {
      const float difference = keys[i * width + c] - mean[c];
      centred[i * width + c] = difference;
      squared += difference * difference;
    }
    longest = squared > longest || squared != squared ? squared : longest;
  }
  return sqrtf(longest);
}

template <int width>
static bool attend_all(const float *queries, const float *keys, float *out, int64_t frames, int64_t tokens,
                       float scale) {
  const int64_t per_frame = (tokens + LANES - 1) / LANES, size = tokens * width;
  std::vector<float> centred(frames * size), means(frames * width), longest(frames);
#pragma omp parallel for schedule(static)
  for (int64_t n = 0; n < frames; n++)
    longest[n] = centre<width>(queries + n * size, keys + n * size, tokens, &centred[n * size], &means[n * width]);
  for (float length : longest)
    if (!(length <= 3.4e38f)) return false;
#pragma omp parallel for schedule(static)
  for (int64_t block = 0; block < frames * per_frame; block++) {
    const int64_t n = block / per_frame, start = block % per_frame * LANES;
    const int64_t here = tokens - start < LANES ? tokens - start : LANES, at = n * size + start * width;
    attend_block<width>(queries + at, &centred[n * size], &means[n * width], out + at, tokens, here, scale,
                        longest[n]);
  }
  return true;
}

extern "C" {

/* out = softmax of 2^(scale Q K^T), times K: queries, keys and out are (frames, tokens, width). Keys are
   centred, which changes no softmax and makes exponents smaller, so that most queries need no maximum.
   Returns 0 where a number is not finite: the exponentials know no NaN. */
int attend(const float *queries, const float *keys, float *out, int64_t frames, int64_t tokens,
           int64_t width, float scale) {
  switch (width) {
    case 4: return attend_all<4>(queries, keys, out, frames, tokens, scale);
    case 8: return attend_all<8>(queries, keys, out, frames, tokens, scale);
    case 16: return attend_all<16>(queries, keys, out, frames, tokens, scale);
  }
  return 0;
}

}
