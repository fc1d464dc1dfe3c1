/* Vectors for the kernels: plain C++ with GCC's and Clang's vector extension; library.py compiles it.

   All tensors are float32. Frames are channels_last: (frames, positions, channels) in memory. Each
   kernel has a twin in PyTorch that is its reference. */

#pragma once

#include <stdint.h>
#ifdef __AVX512F__
#include <immintrin.h>
#endif

#define LANES 16 /* compilers split a vector where the machine's are narrower */
typedef float lanes __attribute__((vector_size(4 * LANES)));

template <typename vector>
static inline vector load(const float *from) {
  vector value;
  __builtin_memcpy(&value, from, sizeof value); /* at any address */
  return value;
}

template <typename vector>
static inline void store(float *to, vector value) {
  __builtin_memcpy(to, &value, sizeof value);
}

/* Stores past the cache, which then need not read what stands there; `fence` makes it visible to others.
   Plain where the processor has no such store of a whole line. */
static inline void stream(float *to, lanes value) {
#ifdef __AVX512F__
  if ((uintptr_t)to % sizeof value == 0) {
    _mm512_stream_ps(to, (__m512)value);
    return;
  }
#endif
  store(to, value);
}

static inline void stream(float *to, float value) { *to = value; }

static inline void fence() {
#ifdef __AVX512F__
  _mm_sfence();
#endif
}

/* Calls body(c, vector) for all channels c: LANES at once, the last ones one by one. */
template <typename body_type>
static inline void for_channels(int64_t channels, body_type body) {
  int64_t c = 0;
  for (; c + LANES <= channels; c += LANES) body(c, lanes{});
  for (; c < channels; c++) body(c, 0.0f);
}
