# A second addon, beside the package's own: the one room that links libipset, which is GPL-2.0-only. It is built
# only where pkg-config finds libipset (scripts/build-libipset.mjs) and loaded only when somebody asks for it.
{
  "targets": [
    {
      "target_name": "ipvs_director_libipset",
      "sources": [
        "binding/addon.cc",
        "binding/run_handle.cc",
        "channel.cc",
        "command.cc",
        "hazard.cc",
        "line_file.cc",
        "line_source.cc",
        "name_databases.cc",
        "network_namespace.cc",
        "numeric.cc",
        "places.cc",
        "process_turn.cc",
        "run.cc",
        "screen.cc",
        "session.cc",
        "words.cc"
      ],
      "include_dirs": [".", "<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": [
        "NAPI_VERSION=9",
        "NAPI_CPP_EXCEPTIONS",
        "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS",
        "LIBIPSET_VERSION=\"<!(pkg-config --modversion libipset)\""
      ],
      "cflags": ["-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter", "<!@(pkg-config --cflags libipset)"],
      "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++17", "-std=gnu++14", "-std=gnu++1y"],
      "cflags_cc": ["-std=c++20", "-fexceptions", "-fvisibility=hidden", "-O2"],
      "ldflags": ["-Wl,-z,nodelete"],
      "libraries": ["<!@(pkg-config --libs libipset)"],
      "conditions": [["OS!='linux'", { "type": "none" }]]
    }
  ]
}
