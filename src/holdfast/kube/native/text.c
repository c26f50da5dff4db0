/* Kinds of bytes, words and numbers of YAML, for the reader and the printer. */

#include "native.h"

unsigned char class_of[256];

static void mark(const char *bytes, unsigned char class)
{
    for (; *bytes; bytes++)
        class_of[(unsigned char)*bytes] |= class;
}

void fill_classes(void)
{
    const char *letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", *digits = "0123456789";
    mark(letters, LETTER | SAFE | FLOW_TEXT);
    mark(digits, DIGIT | NUMERIC | SAFE | FLOW_TEXT);
    /* Whatever a decimal number or a time of day of any dialect may be made of. */
    mark("eE_.+-: ", NUMERIC);
    mark("_./()$+=,@-", SAFE);
    mark("_./+=$()-;~^%@*&!", FLOW_TEXT);
}

bool is_word(const char *text, Py_ssize_t size, const char *const *words)
{
    for (; *words; words++)
        if ((Py_ssize_t)strlen(*words) == size && memcmp(*words, text, size) == 0)
            return true;
    return false;
}

const char *const NULLS[] = {"null", "Null", "NULL", NULL};
const char *const TRUES[] = {"true", "True", "TRUE", NULL};
const char *const FALSES[] = {"false", "False", "FALSE", NULL};
const char *const OLD_WORDS[] = {"y", "Y", "n", "N", "yes", "Yes", "YES", "no", "No", "NO",
                                        "on", "On", "ON", "off", "Off", "OFF", NULL};

/* Whether [start, end), which begins with a digit or with a minus and a digit, is no number and no time of any dialect. */
bool is_surely_text(const char *start, const char *end)
{
    const char *first = start + (*start == '-'), *p = first;
    int points = 0;
    /* go-yaml leaves underscores out before it looks for numbers of other bases. */
    if (memchr(p, '_', end - p) != NULL)
        return false;
    if (*p == '0' && end - p > 1 && strchr("xXoObB", p[1]) != NULL && p[1] != 0)
        return false;
    if (end - p > 5 && p[4] == '-' && IS(p[5], DIGIT) && IS(p[0], DIGIT) && IS(p[1], DIGIT) && IS(p[2], DIGIT) && IS(p[3], DIGIT))
        return false;
    for (; p < end; p++) {
        points += *p == '.';
        bool inner_sign = (*p == '-' || *p == '+') && p > first && p[-1] != 'e' && p[-1] != 'E';
        if (!IS(*p, NUMERIC) || points > 1 || inner_sign)
            return true;
    }
    return false;
}
