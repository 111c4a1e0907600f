# Puts a page of one file together, and the policy that lets a browser run it and nothing else:
#   cmake -DDIR=data/page -DOUT=… -P page.cmake
# OUT/page.html: index.html with page.css and page.js in the places of {{style}} and {{script}}.
# OUT/policy.txt: the value of its Content-Security-Policy header, with the hashes of both.
cmake_minimum_required(VERSION 3.25)

# Base64 of a SHA-256: 64 hexadecimal digits and two of padding are 22 times 12 bits, or 44 characters, the last of which
# stands for padding alone.
function(hash_base64 text out)
  set(alphabet "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
  string(SHA256 hex "${text}")
  string(APPEND hex "00")
  set(code "")
  foreach(i RANGE 0 63 3)
    string(SUBSTRING "${hex}" ${i} 3 digits)
    math(EXPR first "0x${digits} >> 6")
    math(EXPR second "0x${digits} & 63")
    string(SUBSTRING "${alphabet}" ${first} 1 a)
    string(SUBSTRING "${alphabet}" ${second} 1 b)
    string(APPEND code "${a}${b}")
  endforeach()
  string(SUBSTRING "${code}" 0 43 code)
  set(${out} "${code}=" PARENT_SCOPE)
endfunction()

file(READ ${DIR}/index.html page)
file(READ ${DIR}/page.css style)
file(READ ${DIR}/page.js script)
string(REPLACE "{{style}}" "${style}" page "${page}")
string(REPLACE "{{script}}" "${script}" page "${page}")
hash_base64("${style}" style_hash)
hash_base64("${script}" script_hash)
file(WRITE ${OUT}/page.html "${page}")
file(WRITE ${OUT}/policy.txt "default-src 'none'; style-src 'sha256-${style_hash}'; script-src 'sha256-${script_hash}'; \
connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
