/* CTI with cross attention. */

#include <vector>

#include "pooled.h"

struct shape {
  int64_t clips, frames, positions, groups, width; /* width: channels of a group */
};

/* The 3 taps of the groups from the second on: (groups - 1, 3, width). */
static std::vector<float> turn(const float *const *kernels, shape s) {
  std::vector<float> turned((s.groups - 1) * 3 * s.width);
  for (int64_t g = 0; g + 1 < s.groups; g++)
    for (int64_t c = 0; c < s.width; c++)
      for (int i = 0; i < 3; i++) turned[(g * 3 + i) * s.width + c] = kernels[g][3 * c + i];
  return turned;
}

/* All frames of some channels of each group, at one position; see cross_integration. The space is for
   frames vectors. */
template <typename vector>
static inline void integrate_channels(const float *x, float *y, int64_t stride, const float *kernels,
                                      const float *alphas, shape s, vector *convolved) {
  for (int64_t t = 0; t < s.frames; t++) store(y + t * stride, load<vector>(x + t * stride));
  for (int64_t g = 1; g < s.groups; g++) {
    const float *alpha = g == 1 ? alphas : alphas + (g - 2) * s.clips * s.frames * s.width;
    auto mixed = [=](int64_t t) {
      const vector group = load<vector>(x + t * stride + g * s.width);
      if (g == 1) return group;
      return convolved[t] + load<vector>(alpha + t * s.width) * (group - convolved[t]);
    };
    const float *kernel = kernels + (g - 1) * 3 * s.width;
    const vector before = load<vector>(kernel), own = load<vector>(kernel + s.width),
                 after = load<vector>(kernel + 2 * s.width);
    vector previous = vector{}, current = mixed(0);
    for (int64_t t = 0; t < s.frames; t++) {
      const vector next = t + 1 < s.frames ? mixed(t + 1) : vector{};
      convolved[t] = before * previous + own * current + after * next;
      store(y + t * stride + g * s.width, convolved[t]);
      previous = current;
      current = next;
    }
  }
}

static void integrate(const float *x, float *y, const float *kernels, const float *alphas, shape s) {
  const int64_t channels = s.groups * s.width, stride = s.positions * channels;
#pragma omp parallel
  {
    std::vector<lanes> space(s.frames);
#pragma omp for schedule(static)
    for (int64_t i = 0; i < s.clips * s.positions; i++) {
      const int64_t clip = i / s.positions, start = clip * s.frames * stride + i % s.positions * channels;
      for_channels(s.width, [&](int64_t c, auto zero) {
        integrate_channels(x + start + c, y + start + c, stride, kernels + c,
                           alphas + clip * s.frames * s.width + c, s, (decltype(zero) *)space.data());
      });
    }
  }
}

extern "C" {

/* T_1 = X_1, T_2 = conv_2(X_2), T_g = conv_g(T_{g-1} + alpha_g (X_g - T_{g-1})) with alpha_g = the
   softmax over two of W_g mean(T_{g-1} + X_g) + b_g.

   x and y are (clips * frames, positions, groups * width). kernels has groups - 1 pointers to (width, 3);
   weights and biases have groups - 2, to (2 * width, width) and (2 * width). */
void cross_integration(const float *x, float *y, int64_t clips, int64_t frames, int64_t positions,
                       int64_t groups, int64_t width, const float *const *kernels,
                       const float *const *weights, const float *const *biases) {
  const shape s = {clips, frames, positions, groups, width}, of_means = {clips, frames, 1, groups, width};
  const int64_t all = clips * frames, channels = groups * width;
  const std::vector<float> turned = turn(kernels, s);
  std::vector<float> pooled(all * channels), integrated(all * channels), sums(all * width),
      alphas((groups - 2) * all * width);
#pragma omp parallel for schedule(static)
  for (int64_t n = 0; n < all; n++)
    mean_of_positions(x + n * positions * channels, positions, channels, &pooled[n * channels]);
  /* All but the alphas is linear: the mean of T_{g-1} is what the same operations make of the means. */
  for (int64_t g = 2; g < groups; g++) {
    integrate(pooled.data(), integrated.data(), turned.data(), alphas.data(), of_means);
    for (int64_t n = 0; n < all; n++)
      for (int64_t c = 0, i = n * channels + g * width; c < width; c++, i++)
        sums[n * width + c] = integrated[i - width] + pooled[i];
    const float *weight = weights[g - 2], *bias = biases[g - 2];
    float *alpha = &alphas[(g - 2) * all * width];
#pragma omp parallel
    {
      std::vector<float> of_group(all), of_previous(all);
#pragma omp for schedule(static)
      for (int64_t c = 0; c < width; c++) {
        multiply(weight + c * width, sums.data(), all, width, of_group.data());
        multiply(weight + (width + c) * width, sums.data(), all, width, of_previous.data());
        for (int64_t n = 0; n < all; n++)
          alpha[n * width + c] = sigmoid(of_group[n] - of_previous[n] + bias[c] - bias[width + c]);
      }
    }
  }
  integrate(x, y, turned.data(), alphas.data(), s);
}

}
