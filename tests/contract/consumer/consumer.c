/* The smallest program that needs all of the library: it is built against the installed tree. */
#include <stdio.h>
#include <string.h>

#include <textml/textml.h>

int main(void)
{
    tml_error err = {0};
    tml_model *model = NULL;
    const tml_status status = tml_model_load("no such directory", &model, &err);
    printf("%s: %s\n", tml_version(), err.text);
    return status == TML_EIO && strcmp(tml_version(), TML_VERSION) == 0 ? 0 : 1;
}
