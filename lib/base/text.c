#include "base/text.h"
#include <stdbool.h>

int utf8_length(const char *text)
{
    static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *s = (const unsigned char *)text;
    if (s[0] < 0x80)
        return 1;
    int length = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4)
        return 0;
    unsigned code = s[0] & (0x7fu >> length);
    for (int i = 1; i < length; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (s[i] & 0x3f);
    }
    bool surrogate = code >= 0xd800 && code < 0xe000;
    return code < least[length] || code > 0x10ffff || surrogate ? 0 : length;
}

/* U+0000 to U+001F, U+007F, and U+0080 to U+009F, which are 0xc2 and a byte. */
static bool is_control(const char *s)
{
    unsigned char first = (unsigned char)s[0], second = (unsigned char)s[1];
    return first < ' ' || first == 0x7f || (first == 0xc2 && second < 0xa0);
}

void text_make_printable(char *text)
{
    for (char *s = text; *s;) {
        int length = utf8_length(s);
        if (length == 0 || is_control(s)) {
            *s = '?';
            length = 1; /* of a control of two bytes the second is no UTF-8 now */
        }
        s += length;
    }
}
