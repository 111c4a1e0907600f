/* pipeline/cloud.h: a word cloud. */
#ifndef PIPELINE_CLOUD_H
#define PIPELINE_CLOUD_H

#include "base/buf.h"
#include "textml/report.h"

/* Draws the terms of weight above 0, the heaviest largest and in the middle, none over another. Terms for which there is
 * no place are left out. The same terms give the same picture. Errors: TML_ENOMEM. */
TML_NODISCARD tml_status tmli_cloud_draw(tmli_buf *out, const tml_report_term *terms, size_t n,
                                         tml_error *err);

#endif
