{application, demo, [{vsn, "1.0"}, {description, ""}, {modules, []}, {registered, []}, {applications, [kernel, stdlib]}, {env, [{a, 1}]}]}.
