#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace director::test {

// Events that a kernel has multicast, from the fuzzer's seeds. Tests run in the repository's root.
inline std::vector<std::vector<uint8_t>> RecordedEvents() {
  std::vector<std::vector<uint8_t>> events;
  for (const auto& entry : std::filesystem::directory_iterator("test/fuzz/seeds/conntrack_codec")) {
    std::ifstream file(entry.path());
    std::vector<uint8_t>& bytes = events.emplace_back();
    for (std::string line; std::getline(file, line);) {
      if (line.starts_with('#')) continue;
      std::istringstream words(line);
      for (std::string word; words >> word;) {
        for (size_t i = 0; i + 1 < word.size(); i += 2) {
          bytes.push_back(static_cast<uint8_t>(std::stoi(word.substr(i, 2), nullptr, 16)));
        }
      }
    }
  }
  return events;
}

}  // namespace director::test
