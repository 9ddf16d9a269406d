#pragma once
#include "term/export.h"
