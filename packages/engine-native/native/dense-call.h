#pragma once
// What a step does besides the recurrence: products, losses, gathers, sums. Plain data, as in call.h.
#include <cstddef>
#include <cstdint>

namespace gatewise {

struct Runner;

enum class Activation : int32_t { linear, relu, logistic, tanh, elu, exp, count };

/** C = f(op(A) op(B) + bias) for each batch. */
struct Product {
  int batches, m, n, k;
  bool transposeA, transposeB; // A [k,m], B [n,k]
  bool repeatA, repeatB;       // one serves every batch
  Activation activation;
  const float* a;              // batches × [m,k]
  const float* b;              // batches × [k,n]
  const float* bias;           // [n], or null
  float* c;                    // batches × [m,n]
};

/** Losses of rows, weighted: l_n = w_n (k_n log Σ_c e^{z_nc} − Σ_c y_nc z_nc), k = Σ_c y, w = m / max(Σ m, 1). */
struct CrossEntropy {
  int rows, classes;
  const float* logits;  // z [rows, classes]
  const int32_t* ids;   // y [rows], or null
  const float* targets; // y [rows, classes], or null
  const float* mask;    // m [rows], or null: ones
  float* losses;        // l [rows]
  float* gradient;      // [rows, classes], or null
};

/** A table [rows, width], values [n, width] and the row that each belongs to. */
struct RowsById {
  int rows, width, n;
  const int32_t* ids; // [n]
  const float* from;
  float* to;
};

/** A matrix and what is made of it: sums over its rows [width], or as many rows. */
struct Matrix {
  int rows, width;
  const float* x;
  float* out;
};

enum class Combine : int32_t { add, sub, mul, div, count };
/** What an operand is: [rows, width], [width], [rows], or one number. */
enum class Spread : int32_t { full, row, column, one, count };

/** out [rows, width] = a ∘ b */
struct Combination {
  Combine op;
  int rows, width;
  Spread spreadA, spreadB;
  const float* a;
  const float* b;
  float* out;
};

/** out [n] = f(x) */
struct Application {
  Activation f;
  int n;
  const float* x;
  float* out;
};

/** out [rows, steps, units] = x ⊗ m, m = 0 where the hash of (key, t, row, unit) is below rate·2³², else 1 / (1 − rate). */
struct Dropout {
  int rows, steps, units;
  uint32_t key;
  double rate; // above 0, below 1
  const float* x;
  float* out;
};

/** All memory is the caller's; scratch is 64-byte aligned. */
struct DenseKernels {
  size_t (*productScratch)(const Product& product, int P);
  void (*product)(const Product& product, Runner& runner, int P, float* scratch);
  /** For losses and softmax. */
  size_t (*rowScratch)(int classes, int P);
  void (*crossEntropy)(const CrossEntropy& loss, Runner& runner, int P, float* scratch);
  /** to [n, width] = from [rows, width] by id; every id is a row. */
  void (*gatherRows)(const RowsById& rows, Runner& runner, int P);
  /** to [rows, width] = Σ of from [n, width] by id; ids that are no row are left out. */
  void (*scatterRows)(const RowsById& rows, Runner& runner, int P);
  /** out [rows, width] = e^x / Σ e^x of each row */
  void (*softmax)(const Matrix& matrix, Runner& runner, int P, float* scratch);
  void (*sumRows)(const Matrix& matrix, Runner& runner, int P);
  void (*combine)(const Combination& combination, Runner& runner, int P);
  void (*apply)(const Application& application, Runner& runner, int P);
  void (*dropout)(const Dropout& dropout, Runner& runner, int P);
};

} // namespace gatewise
