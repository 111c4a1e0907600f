/* Stand-ins until content_libsvm.c and content_recordio.c are merged; to be deleted then. */
#include "sagemaker/content.h"

#include "base/status.h"

__attribute__((weak)) tml_status sm_libsvm_next(sm_rows *rows, sm_row *out, bool *has,
                                                tml_error *err)
{
    (void)rows, (void)out, (void)has;
    return tmli_fail(err, TML_EFORMAT, "text/libsvm is not read here yet");
}

__attribute__((weak)) tml_status sm_recordio_next(sm_rows *rows, sm_row *out, bool *has,
                                                  tml_error *err)
{
    (void)rows, (void)out, (void)has;
    return tmli_fail(err, TML_EFORMAT, "application/x-recordio-protobuf is not read here yet");
}
