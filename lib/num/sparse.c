/* Row-major sparse matrices. */
#include "num/sparse.h"

#include "base/mem.h"

void tmli_csr_deinit(tmli_csr *csr)
{
    tmli_free(csr->offsets);
    tmli_free(csr->columns);
    tmli_free(csr->values);
    *csr = (tmli_csr){0};
}
