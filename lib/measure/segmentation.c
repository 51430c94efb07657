#include "measure/segmentation.h"
#include <math.h>
#include <stdlib.h>
#include "base/memory.h"
#include "measure/report.h"

int segmentation_init(struct segmentation *s, int classes, struct error *e)
{
    *s = (struct segmentation){.classes = classes};
    if (classes < 2 || classes > SEGMENTATION_MOST)
        return error_set(e, "%d classes, expected 2 to %d", classes, SEGMENTATION_MOST);
    s->confusion =
        array_new((size_t)classes * (size_t)classes, sizeof *s->confusion, "confusion", e);
    return s->confusion ? 0 : -1;
}

void segmentation_free(struct segmentation *s)
{
    free(s->confusion);
    free(s->image);
    *s = (struct segmentation){0};
}

int segmentation_add(struct segmentation *s, const uint8_t *truth, const uint8_t *prediction,
                     size_t pixels, struct error *e)
{
    struct segmentation_image image = {0};
    if (array_grow((void **)&s->image, &s->capacity, s->images + 1, sizeof *s->image, "images", e))
        return -1;
    for (size_t i = 0; i < pixels; i++) {
        if (prediction[i] >= s->classes)
            return error_set(e, "a pixel was taken for class %d, expected 0 to %d", prediction[i],
                             s->classes - 1);
        if (truth[i] >= s->classes)
            continue;
        s->confusion[truth[i] * s->classes + prediction[i]]++;
        image.pixels++;
        image.right += truth[i] == prediction[i];
    }
    s->pixels += (size_t)image.pixels;
    s->image[s->images++] = image;
    return 0;
}

struct of_class {
    int64_t truth, predicted, right;
    double accuracy, iou;
};

static struct of_class of_class(const struct segmentation *s, int class)
{
    struct of_class c = {.right = s->confusion[class * s->classes + class]};
    for (int k = 0; k < s->classes; k++) {
        c.truth += s->confusion[class * s->classes + k];
        c.predicted += s->confusion[k * s->classes + class];
    }
    int64_t either = c.truth + c.predicted - c.right;
    c.accuracy = c.truth ? (double)c.right / (double)c.truth : NAN;
    c.iou = either ? (double)c.right / (double)either : NAN;
    return c;
}

struct segmentation_summary segmentation_summary(const struct segmentation *s)
{
    double right = 0, accuracy = 0, iou = 0;
    int with_accuracy = 0, with_iou = 0;
    for (int k = 0; k < s->classes; k++) {
        struct of_class c = of_class(s, k);
        right += (double)c.right;
        accuracy += isnan(c.accuracy) ? 0 : c.accuracy;
        with_accuracy += !isnan(c.accuracy);
        iou += isnan(c.iou) ? 0 : c.iou;
        with_iou += !isnan(c.iou);
    }
    return (struct segmentation_summary){s->pixels ? right / (double)s->pixels : NAN,
                                         with_accuracy ? accuracy / with_accuracy : NAN,
                                         with_iou ? iou / with_iou : NAN};
}

static bool set_class(struct value *m, const void *of, int k)
{
    struct of_class c = of_class(of, k);
    return value_set_int(m, "pixels", c.truth) && value_set_int(m, "predicted", c.predicted) &&
           value_set_int(m, "right", c.right) && value_set_real(m, "accuracy", c.accuracy) &&
           value_set_real(m, "iou", c.iou);
}

static bool set_images(struct value *v, const struct segmentation *s)
{
    struct value *list = value_set(v, "per_image", value_array());
    for (size_t i = 0; i < s->images; i++) {
        struct value *m = value_append(list, value_map());
        if (!value_set_int(m, "pixels", s->image[i].pixels) ||
            !value_set_int(m, "right", s->image[i].right))
            return false;
    }
    return true;
}

struct value *segmentation_report(const struct segmentation *s, const char *const *name,
                                  struct error *e)
{
    const struct segmentation_summary m = segmentation_summary(s);
    struct value *v = value_map();
    if (value_set_int(v, "images", (int64_t)s->images) &&
        value_set_int(v, "pixels", (int64_t)s->pixels) && value_set_int(v, "classes", s->classes) &&
        value_set_real(v, "accuracy", m.accuracy) &&
        value_set_real(v, "class_accuracy", m.class_accuracy) &&
        value_set_real(v, "miou", m.miou) && set_images(v, s) &&
        report_set_classes(v, s->classes, name, s->confusion, set_class, s))
        return v;
    value_free(v);
    error_set(e, "out of memory: the report");
    return NULL;
}

int segmentation_print(const struct value *report, FILE *to)
{
    static const char *const count[] = {"images", "pixels", NULL};
    static const char *const metric[] = {"accuracy", "class_accuracy", "miou", NULL};
    report_print_head(report, count, metric, to);
    report_print_classes(report, (const char *[]){"pixels", NULL},
                         (const char *[]){"accuracy", "iou", NULL}, to);
    return ferror(to) ? -1 : 0;
}
