/* GET /execution-parameters: how a batch transform may ask. */
#include <inttypes.h>

#include "base/json.h"
#include "sagemaker/content.h"
#include "serve/route_list.h"

enum {
    PRODUCT_MB = 100, /* the platform's limit of transforms at a time times megabytes of each */
    DEFAULT_PAYLOAD_MB = 6, /* the platform's own */
};

/* The most that a request may have, in whole megabytes and at least one. */
static size_t payload_mb(const serve_settings *settings)
{
    size_t most = settings->max_body >> 20;
    most = most < 1 ? 1 : most < PRODUCT_MB ? most : PRODUCT_MB;
    const size_t wanted =
        settings->max_payload_mb >= 0 ? (size_t)settings->max_payload_mb : DEFAULT_PAYLOAD_MB;
    return wanted < most ? wanted : most;
}

static size_t transforms(const serve_settings *settings, size_t mb)
{
    const size_t wanted =
        settings->max_transforms > 0 ? settings->max_transforms : settings->n_threads;
    const size_t most = mb > 0 ? PRODUCT_MB / mb : PRODUCT_MB;
    return wanted < 1 ? 1 : wanted < most ? wanted : most;
}

void serve_route_execution_parameters(serve_lane *lane, const serve_request *request,
                                      serve_answer *answer)
{
    (void)request;
    const serve_settings *settings = &lane->server->settings;
    const size_t mb = payload_mb(settings);
    tmli_json_writer w;
    tmli_json_begin(&w, &answer->body, 0);
    tmli_json_object(&w, NULL);
    tmli_json_put_u64(&w, "MaxConcurrentTransforms", transforms(settings, mb));
    /* The SDK's local mode knows the strategies by other names than the service, and fails on the service's. */
    if (!settings->is_local_mode) {
        tmli_json_put_text(&w, "BatchStrategy",
                           settings->batch_strategy != NULL ? settings->batch_strategy
                                                            : "MULTI_RECORD");
    }
    tmli_json_put_u64(&w, "MaxPayloadInMB", mb);
    tmli_json_close_object(&w);
    serve_answer_end_json(answer);
}
