#ifndef CONFIG_IMPORT_FORMATS_H
#define CONFIG_IMPORT_FORMATS_H

#include "config/import/take.h"

/*
 * The formats that can be read. Each fills import->root from a document of its tool; `is` says
 * whether a document has its shape.
 */
struct import_format {
    const char *name, *what;
    bool (*is)(const struct yaml_node *root);
    void (*read)(struct import *import, const struct yaml_node *root);
};

extern const struct import_format import_dlt, import_airbyte, import_noetl, import_meltano;

#endif
