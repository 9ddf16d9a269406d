{application, bad, [{mod, {nowhere, []}}, {applications, [kernel, stdlib]}, {vsn, "1"}]}.
