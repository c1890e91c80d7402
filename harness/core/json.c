#include "core/json.h"

#include "core/mem.h"

#include <stdlib.h>
#include <string.h>

cJSON *json_get(const cJSON *object, const char *name) {
    return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, name) : NULL;
}

/* The next token of a pointer without its escapes ("~1" is "/", "~0" is "~"), *at moved behind it;
 * NULL at the end of the pointer or where an escape is none. The caller frees. */
static char *next_token(const char **at) {
    if (**at != '/')
        return NULL;
    struct str token = {0};
    const char *c = *at + 1;
    for (; *c && *c != '/'; c++) {
        if (*c != '~') {
            str_addc(&token, *c);
        } else if (c[1] == '0' || c[1] == '1') {
            str_addc(&token, *++c == '1' ? '/' : '~');
        } else {
            str_free(&token);
            return NULL;
        }
    }
    *at = c;
    return str_detach(&token);
}

void json_pointer_add(struct str *pointer, const char *name) {
    str_addc(pointer, '/');
    for (; *name; name++) {
        if (*name == '~' || *name == '/')
            str_add(pointer, *name == '~' ? "~0" : "~1");
        else
            str_addc(pointer, *name);
    }
}

void json_pointer_dotted(struct str *out, const char *pointer) {
    for (const char *p = pointer + (*pointer == '/'); *p; p++)
        str_addc(out, *p == '/' ? '.' : *p);
}

/* An array's element by its index in digits without leading zeros, else NULL. */
static cJSON *element(const cJSON *array, const char *digits) {
    size_t n = strlen(digits);
    if (n == 0 || n > 8 || strspn(digits, "0123456789") != n || (n > 1 && digits[0] == '0'))
        return NULL;
    return cJSON_GetArrayItem(array, atoi(digits));
}

cJSON *json_pointer_get(cJSON *root, const char *pointer) {
    while (root && *pointer) {
        char *token = next_token(&pointer);
        if (!token)
            return NULL;
        root = cJSON_IsArray(root) ? element(root, token) : json_get(root, token);
        free(token);
    }
    return root;
}

void json_object_set(cJSON *object, const char *name, cJSON *value) {
    if (json_get(object, name))
        cJSON_ReplaceItemInObjectCaseSensitive(object, name, value);
    else
        cJSON_AddItemToObject(object, name, value);
}

bool json_pointer_set(cJSON *root, const char *pointer, cJSON *value, struct err *e) {
    const char *at = pointer;
    char *token = next_token(&at);
    if (!token)
        err_usage(e,
            "\"%s\" is no JSON pointer to a key: expected \"/key\" or \"/key/key\" "
            "(in a key, / is written ~1 and ~ is written ~0)",
            pointer);
    while (token) {
        int steps = (int)(at - pointer);
        if (!cJSON_IsObject(root)) {
            err_usage(e, "%s: cannot be set, for what it stands in is no object", pointer);
            break;
        }
        if (!*at) {
            json_object_set(root, token, value);
            free(token);
            return true;
        }
        cJSON *next = json_get(root, token);
        if (!next)
            next = cJSON_AddObjectToObject(root, token);
        root = next;
        free(token);
        token = next_token(&at);
        if (!token)
            err_usage(e, "\"%s\" is no JSON pointer: ~ behind %.*s is followed by neither 0 nor 1",
                pointer, steps, pointer);
    }
    free(token);
    cJSON_Delete(value);
    return false;
}

cJSON *json_merge_patch(cJSON *target, const cJSON *patch) {
    if (!cJSON_IsObject(patch)) {
        cJSON_Delete(target);
        return cJSON_Duplicate(patch, true);
    }
    if (!cJSON_IsObject(target)) {
        cJSON_Delete(target);
        target = cJSON_CreateObject();
    }
    const cJSON *member;
    cJSON_ArrayForEach(member, patch) {
        cJSON *old = json_get(target, member->string);
        if (cJSON_IsNull(member)) {
            if (old)
                cJSON_Delete(cJSON_DetachItemViaPointer(target, old));
        } else if (cJSON_IsObject(member) && cJSON_IsObject(old)) {
            json_merge_patch(old, member); /* an object stays where it is */
        } else {
            json_object_set(target, member->string, json_merge_patch(NULL, member));
        }
    }
    return target;
}
