/* What a temporal module makes of a frame and its neighbours: a sum that taps weigh, or TSM's shift. */

#include "lanes.h"

/* taps[n][i][c] = kernels[c][i] * gates[n + i - 1][c], i = 0, 1, 2, without the gate where a clip has no
   such frame. Gates may be null, for ones. All threads of a parallel region call it together. */
static inline void make_taps(const float *kernels, const float *gates, float *taps, int64_t all,
                             int64_t frames, int64_t channels) {
#pragma omp for schedule(static)
  for (int64_t n = 0; n < all; n++)
    for (int64_t i = 0; i < 3; i++) {
      const int64_t t = n % frames + i - 1;
      const float *gate = gates && t >= 0 && t < frames ? gates + (n + i - 1) * channels : nullptr;
      for (int64_t c = 0; c < channels; c++)
        taps[(3 * n + i) * channels + c] = kernels[3 * c + i] * (gate ? gate[c] : 1);
    }
}

/* A part of frame t and of its neighbours. */
struct Neighbours {
  const float *previous, *own, *next;

  /* `own` is the part of frame t, `size` the numbers of a frame. `zeros`, as many as the part, are what a
     clip has beyond its ends. */
  Neighbours(const float *own, int64_t t, int64_t frames, int64_t size, const float *zeros)
      : previous(t > 0 ? own - size : zeros), own(own), next(t + 1 < frames ? own + size : zeros) {}
};

/* The sum that the three rows of `taps` weigh. */
struct Weighed {
  const Neighbours parts;
  const float *const taps;
  const int64_t channels;

  /* Its numbers i and following, for i = p * channels + c: channel c of the part's position p. */
  template <typename vector>
  inline vector at(int64_t i, int64_t c) const {
    return load<vector>(taps + c) * load<vector>(parts.previous + i) +
           load<vector>(taps + channels + c) * load<vector>(parts.own + i) +
           load<vector>(taps + 2 * channels + c) * load<vector>(parts.next + i);
  }
};

/* The first `fold` channels of the next frame, the second of the previous one, the rest of its own. */
class Shifted {
  const Neighbours parts;
  const int64_t fold;

 public:
  Shifted(const Neighbours &parts, int64_t fold) : parts(parts), fold(fold) {}

  template <typename vector>
  inline vector at(int64_t i, int64_t c) const {
    const int64_t count = sizeof(vector) / sizeof(float);
    if (c >= 2 * fold) return load<vector>(parts.own + i);
    if (c + count <= fold) return load<vector>(parts.next + i);
    if (c >= fold && c + count <= 2 * fold) return load<vector>(parts.previous + i);
    float values[count];
    for (int64_t k = 0; k < count; k++) values[k] = source(c + k)[i + k];
    return load<vector>(values);
  }

 private:
  inline const float *source(int64_t c) const {
    return c < fold ? parts.next : c < 2 * fold ? parts.previous : parts.own;
  }
};
