/* GET /: the page to try the model, from data/page. */
#include "page_embedded.h"
#include "serve/route_list.h"

void serve_route_page(serve_lane *lane, const serve_request *request, serve_answer *answer)
{
    (void)lane;
    (void)request;
    tmli_buf_append(&answer->body, page_page, sizeof(page_page) - 1);
    if (answer->body.failed) {
        serve_answer_no_memory(answer);
        return;
    }
    answer->status = 200;
    answer->content_type = "text/html; charset=utf-8";
    /* The browser runs the page's own script and style, known by their hashes, and talks to this server alone. */
    serve_answer_put_header(answer, "Content-Security-Policy", (const char *)page_policy);
    serve_answer_put_header(answer, "X-Content-Type-Options", "nosniff");
    serve_answer_put_header(answer, "Cache-Control", "no-cache");
}
