/* Keras' losses, computed from what the output function is applied to, so that no probability of 0 gives an infinite
 * loss. */
#include "models/mlp_loss.h"

#include <math.h>

enum {
    FACTORS_PER_LOG = 512
}; /* factors in 1/2..1: their product stays a normal double */

static float wanted_at(const tmli_wanted *wanted, size_t c)
{
    if (wanted->targets != NULL) {
        return wanted->targets[c];
    }
    return wanted->label != 0 ? 1.0f : 0.0f; /* sigmoid with one output */
}

/* −ln softmax(z)[label] = ln Σ exp(z − peak) + peak − z[label]; the first term is −ln of the peak's probability. */
static tmli_row_loss softmax_loss(const float *z, const float *p, size_t k, uint32_t label)
{
    size_t best = 0;
    for (size_t c = 1; c < k; c++) {
        best = z[c] > z[best] ? c : best;
    }
    return (tmli_row_loss){
        .loss = -log((double)p[best]) + ((double)z[best] - (double)z[label]),
        .hits = best == label ? 1.0f : 0.0f,
    };
}

/* Mean over outputs of max(z, 0) − z·y + ln(1 + exp(−|z|)); the last term is −ln max(p, 1 − p), and one logarithm of a
 * product serves many outputs. */
static tmli_row_loss sigmoid_loss(const float *z, const float *p, size_t k,
                                  const tmli_wanted *wanted)
{
    double sum = 0;
    double product = 1;
    size_t right = 0;
    for (size_t c = 0; c < k; c++) {
        const float y = wanted_at(wanted, c);
        const float larger = p[c] < 0.5f ? 1.0f - p[c] : p[c];
        product *= (double)larger;
        if (c % FACTORS_PER_LOG == FACTORS_PER_LOG - 1) {
            sum -= log(product);
            product = 1;
        }
        sum += (z[c] < 0.0f ? 0.0 : (double)z[c]) - (double)z[c] * (double)y;
        right += (p[c] > 0.5f ? 1.0f : 0.0f) == y;
    }
    sum -= log(product);
    return (tmli_row_loss){.loss = sum / (double)k, .hits = (float)right / (float)k};
}

/* Mean over outputs of (z − y)². */
static tmli_row_loss squared_loss(const float *z, size_t k, const float *targets)
{
    double sum = 0;
    for (size_t c = 0; c < k; c++) {
        const double error = (double)z[c] - (double)targets[c];
        sum += error * error;
    }
    return (tmli_row_loss){.loss = sum / (double)k, .hits = NAN};
}

tmli_row_loss tmli_loss_of_row(tmli_output output, const float *z, const float *p, size_t k,
                               const tmli_wanted *wanted)
{
    switch (output) {
    case TMLI_OUTPUT_SOFTMAX: return softmax_loss(z, p, k, wanted->label);
    case TMLI_OUTPUT_SIGMOID: return sigmoid_loss(z, p, k, wanted);
    case TMLI_OUTPUT_IDENTITY: return squared_loss(z, k, wanted->targets);
    }
    return (tmli_row_loss){.loss = NAN, .hits = NAN};
}

void tmli_loss_gradient(tmli_output output, float *p, size_t k, const tmli_wanted *wanted,
                        float factor)
{
    switch (output) {
    case TMLI_OUTPUT_SOFTMAX: /* p − 1 at the label, p elsewhere */ p[wanted->label] -= 1.0f; break;
    case TMLI_OUTPUT_SIGMOID: /* (p − y) / K */
        factor /= (float)k;
        for (size_t c = 0; c < k; c++) {
            p[c] -= wanted_at(wanted, c);
        }
        break;
    case TMLI_OUTPUT_IDENTITY: /* 2 (z − y) / K */
        factor = 2.0f * factor / (float)k;
        for (size_t c = 0; c < k; c++) {
            p[c] -= wanted->targets[c];
        }
        break;
    }
    for (size_t c = 0; c < k; c++) {
        p[c] *= factor;
    }
}
