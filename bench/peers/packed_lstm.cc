// The prototype of the native engine, kept as the mark that it has to reach: one LSTM, no initial states, no masks, sizes
// that divide evenly (4H and I by VL·NVV, B by the threads). Weights packed once a sequence into panels of NR columns, a
// micro-kernel of MRR rows × NVV vectors, one thread a slice of the batch. Gates i f g o, side by side.
#include <Eigen/Core>
#include <algorithm>
#include <cstring>
#include <thread>
#include <vector>

#ifndef VL
#define VL 16
#endif
#ifndef NVV
#define NVV 2
#endif
#ifndef MRR
#define MRR 8
#endif

namespace {

typedef float Vector __attribute__((vector_size(VL * 4), aligned(4)));
using Row = Eigen::Map<Eigen::Array<float, 1, Eigen::Dynamic>>;
using Matrix = Eigen::Map<Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;

constexpr int NR = NVV * VL; // columns of a panel
constexpr int KC = 256;      // rows of a panel that stay in cache
constexpr int MC = 96;       // rows of A that stay in cache

/** C[MR, NR] (+)= A[MR, K] · panel[K, NR]; A by its strides. */
template <int MR, bool ACC>
inline void tile(int K, const float* A, long ars, long acs, const float* panel, float* C, long ldc) {
  Vector c[MR][NVV];
  for (int i = 0; i < MR; i++)
    for (int j = 0; j < NVV; j++) {
      if (ACC) c[i][j] = *(const Vector*)(C + i * ldc + j * VL);
      else c[i][j] = Vector{};
    }
  for (int p = 0; p < K; p++) {
    Vector b[NVV];
    for (int j = 0; j < NVV; j++) b[j] = *(const Vector*)(panel + (long)p * NR + j * VL);
#pragma GCC unroll 14
    for (int i = 0; i < MR; i++) {
      float a = A[i * ars + p * acs];
      for (int j = 0; j < NVV; j++) c[i][j] += a * b[j];
    }
  }
  for (int i = 0; i < MR; i++)
    for (int j = 0; j < NVV; j++) *(Vector*)(C + i * ldc + j * VL) = c[i][j];
}

/** One panel times m rows. */
template <bool ACC>
void rows(int m, int K, const float* A, long ars, long acs, const float* panel, float* C, long ldc) {
  int i = 0;
  for (; i + MRR <= m; i += MRR) tile<MRR, ACC>(K, A + i * ars, ars, acs, panel, C + i * ldc, ldc);
  for (; i + 4 <= m; i += 4) tile<4, ACC>(K, A + i * ars, ars, acs, panel, C + i * ldc, ldc);
  for (; i < m; i++) tile<1, ACC>(K, A + i * ars, ars, acs, panel, C + i * ldc, ldc);
}

/** B[K, N], by its strides, into panels of NR columns. */
void pack(int K, int N, const float* B, long brs, long bcs, float* out) {
  for (int j = 0; j < N; j += NR)
    for (int p = 0; p < K; p++)
      for (int q = 0; q < NR; q++) *out++ = B[p * brs + (j + q) * bcs];
}

void packBlocks(int K, int N, const float* B, long brs, long bcs, float* out) {
  for (int p = 0; p < K; p += KC) {
    int k = std::min(KC, K - p);
    pack(k, N, B + p * brs, brs, bcs, out);
    out += (long)k * N;
  }
}

/** C[m, N] (+)= A[m, K] · B, packed by packBlocks. */
void product(int m, int N, int K, const float* A, long lda, const float* B, float* C, long ldc) {
  for (int p = 0; p < K; p += KC) {
    int k = std::min(KC, K - p);
    const float* block = B + (long)p * N;
    for (int i = 0; i < m; i += MC) {
      int mc = std::min(MC, m - i);
      for (int j = 0; j < N; j += NR) {
        const float* a = A + i * lda + p;
        float* c = C + i * ldc + j;
        if (p > 0) rows<true>(mc, k, a, lda, 1, block + (long)j * k, c, ldc);
        else rows<false>(mc, k, a, lda, 1, block + (long)j * k, c, ldc);
      }
    }
  }
}

int T, B, I, H, P;
std::vector<float> W, R, b;

/** What one thread works on: Bs rows of the batch, time-major. */
struct Slice {
  std::vector<float> x, z, c, h, dx, dW, dR, db, dh, dc, dy, packed, chunk;
};
std::vector<Slice> slices;

void forward(Slice& s) {
  const int G = 4 * H, Bs = B / P;
  std::vector<float> packedW((long)I * G);
  pack(I, G, W.data(), G, 1, packedW.data());
  pack(H, G, R.data(), G, 1, s.packed.data());
  Row bias(b.data(), G);
  for (int t = 0; t < T; t++) {
    float* z = s.z.data() + (long)t * Bs * G;
    const float* x = s.x.data() + (long)t * Bs * I;
    const float* previous = t ? s.h.data() + (long)(t - 1) * Bs * H : nullptr;
    // a = x W + h' R, in the tile while it is in cache
    for (int j = 0; j < G; j += NR) {
      rows<false>(Bs, I, x, I, 1, packedW.data() + (long)j * I, z + j, G);
      if (t) rows<true>(Bs, H, previous, H, 1, s.packed.data() + (long)j * H, z + j, G);
    }
    for (int r = 0; r < Bs; r++) {
      float* a = z + (long)r * G;
      Row i(a, H), f(a + H, H), g(a + 2 * H, H), o(a + 3 * H, H);
      i = (i + bias.segment(0, H)).logistic();
      f = (f + bias.segment(H, H)).logistic();
      g = (g + bias.segment(2 * H, H)).tanh();
      o = (o + bias.segment(3 * H, H)).logistic();
      const long at = ((long)t * Bs + r) * H;
      Row c(s.c.data() + at, H), h(s.h.data() + at, H);
      if (t) c = f * Row(s.c.data() + at - (long)Bs * H, H) + i * g;
      else c = i * g;
      h = o * c.tanh();
    }
  }
}

/** da over the gates of one row, at step t; dh and dc go on to step t − 1. */
void cellBackward(Slice& s, int t, int r, float* tanhC) {
  const int G = 4 * H, Bs = B / P;
  const long at = ((long)t * Bs + r) * H;
  float* a = s.z.data() + ((long)t * Bs + r) * G;
  Row i(a, H), f(a + H, H), g(a + 2 * H, H), o(a + 3 * H, H), k(tanhC, H);
  Row c(s.c.data() + at, H), dy(s.dy.data() + at, H);
  Row dh(s.dh.data() + r * H, H), dc(s.dc.data() + r * H, H);
  k = c.tanh();
  dh += dy;
  dc += dh * o * (1 - k * k);
  o = dh * k * o * (1 - o);
  const float* previous = t ? s.c.data() + at - (long)Bs * H : nullptr;
  for (int n = 0; n < H; n++) {
    float in = i[n], forget = f[n], write = g[n], d = dc[n];
    f[n] = previous ? d * previous[n] * forget * (1 - forget) : 0;
    i[n] = d * write * in * (1 - in);
    g[n] = d * in * (1 - write * write);
    dc[n] = d * forget;
  }
}

/** dW += xᵀ da and dR += h'ᵀ da over the steps t … t + n − 1, while da is in cache. */
void weightGradients(Slice& s, int t, int n) {
  const int G = 4 * H, Bs = B / P;
  const int K = n * Bs;
  const bool more = t + n < T;
  pack(K, G, s.z.data() + (long)t * Bs * G, G, 1, s.chunk.data());
  const float* x = s.x.data() + (long)t * Bs * I;
  const int skip = t ? 0 : Bs; // the first step has no h before it
  const float* h = s.h.data() + ((long)(t - 1) * Bs + skip) * H;
  for (int j = 0; j < G; j += NR) {
    const float* panel = s.chunk.data() + (long)j * K;
    const float* later = panel + (long)skip * NR;
    if (more) {
      rows<true>(I, K, x, 1, I, panel, s.dW.data() + j, G);
      rows<true>(H, K - skip, h, 1, H, later, s.dR.data() + j, G);
    } else {
      rows<false>(I, K, x, 1, I, panel, s.dW.data() + j, G);
      rows<false>(H, K - skip, h, 1, H, later, s.dR.data() + j, G);
    }
  }
}

void backward(Slice& s) {
  const int G = 4 * H, Bs = B / P;
  std::fill(s.dh.begin(), s.dh.end(), 0.f);
  std::fill(s.dc.begin(), s.dc.end(), 0.f);
  packBlocks(G, H, R.data(), 1, G, s.packed.data());
  std::vector<float> packedW((long)G * I), tanhC(H);
  packBlocks(G, I, W.data(), 1, G, packedW.data());
  const int chunk = std::max(1, KC / Bs);
  for (int t = T - 1; t >= 0; t--) {
    float* da = s.z.data() + (long)t * Bs * G;
    for (int r = 0; r < Bs; r++) cellBackward(s, t, r, tanhC.data());
    product(Bs, I, G, da, G, packedW.data(), s.dx.data() + (long)t * Bs * I, I);
    if (t) product(Bs, H, G, da, G, s.packed.data(), s.dh.data(), H);
    if (t % chunk == 0) weightGradients(s, t, std::min(chunk, T - t));
  }
  Row(s.db.data(), G) = Matrix(s.z.data(), (long)T * Bs, G).colwise().sum().array();
}

template <class Work> void onThreads(Work work) {
  std::vector<std::thread> threads;
  for (auto& s : slices) threads.emplace_back([&] { work(s); });
  for (auto& thread : threads) thread.join();
}

} // namespace

extern "C" {

void prepare(int steps, int batch, int features, int units, int threads, const float* w, const float* r,
             const float* bias) {
  T = steps, B = batch, I = features, H = units, P = threads;
  const int G = 4 * H, Bs = B / P;
  W.assign(w, w + I * G);
  R.assign(r, r + H * G);
  b.assign(bias, bias + G);
  slices.assign(P, Slice());
  for (auto& s : slices) {
    for (auto* v : {&s.x, &s.dx}) v->resize((long)T * Bs * I);
    for (auto* v : {&s.c, &s.h, &s.dy}) v->resize((long)T * Bs * H);
    for (auto* v : {&s.dh, &s.dc}) v->resize((long)Bs * H);
    s.z.resize((long)T * Bs * G);
    s.dW.resize((long)I * G);
    s.dR.resize((long)H * G);
    s.db.resize(G);
    s.packed.resize((long)std::max(I, H) * G);
    s.chunk.resize((long)std::max(KC, Bs) * G);
  }
}

/** x [P,T,B/P,I], dy [P,T,B/P,H] */
void fill(const float* x, const float* dy) {
  for (auto& s : slices) {
    std::copy(x, x + s.x.size(), s.x.begin());
    std::copy(dy, dy + s.dy.size(), s.dy.begin());
    x += s.x.size(), dy += s.dy.size();
  }
}

void forward_all() { onThreads([](Slice& s) { forward(s); }); }
void backward_all() { onThreads([](Slice& s) { backward(s); }); }

/** One result of every slice, one after the other: 0 y, 1 dx, 2 dW, 3 dR, 4 db. */
void read(int which, float* out) {
  for (auto& s : slices) {
    const std::vector<float>* all[] = {&s.h, &s.dx, &s.dW, &s.dR, &s.db};
    out = std::copy(all[which]->begin(), all[which]->end(), out);
  }
}

}
