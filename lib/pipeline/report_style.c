/* The page's style: data/report/report.css, turned into bytes by cmake/embed.cmake. */
#include "pipeline/report.h"

#include "report_embedded.h"

tml_str tmli_report_style(void)
{
    return (tml_str){(const char *)text_report, sizeof(text_report) - 1};
}
