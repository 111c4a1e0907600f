# The bill of materials as SPDX 2.3: $packages and $files as papers.sh lists them, $digest of both, $version, $created.
def element($name): "SPDXRef-" + ($name | gsub("[^A-Za-z0-9.-]"; "-"));
def file_id: element("file" + .path);
def licence: if .name == "textml" then "MIT" else "LicenseRef-" + (.name | gsub("[^A-Za-z0-9.-]"; "-")) end;
def purl: "pkg:deb/debian/\(.name | @uri)@\(.version | @uri)?arch=\(.architecture)&distro=debian-12";

{
  spdxVersion: "SPDX-2.3",
  dataLicense: "CC0-1.0",
  SPDXID: "SPDXRef-DOCUMENT",
  name: "textml-\($version)",
  documentNamespace: "https://spdx.org/spdxdocs/textml-\($version)-\($digest)",
  creationInfo: {created: $created, creators: ["Organization: The textml authors", "Tool: textml-container/stage/papers.sh"]},
  packages: ([
    {
      SPDXID: "SPDXRef-image", name: "textml-image", versionInfo: $version, primaryPackagePurpose: "CONTAINER",
      downloadLocation: "NOASSERTION", filesAnalyzed: false,
      licenseConcluded: "NOASSERTION", licenseDeclared: "NOASSERTION", copyrightText: "NOASSERTION"
    }
  ] + [$packages[0][] | {
      SPDXID: element(.name), name, versionInfo: .version,
      supplier: (if .name == "textml" then "Organization: The textml authors" else "Organization: Debian" end),
      downloadLocation: "NOASSERTION", filesAnalyzed: false,
      licenseConcluded: licence, licenseDeclared: licence, copyrightText: "NOASSERTION"
    } + if .name == "textml" then {} else {
      sourceInfo: "built by Debian from the source package \(.source) \(.source_version)",
      externalRefs: [{referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator: purl}]
    } end]),
  files: [$files[0][] | {
      SPDXID: file_id, fileName: ("." + .path),
      checksums: [{algorithm: "SHA1", checksumValue: .sha1}, {algorithm: "SHA256", checksumValue: .sha256}],
      licenseConcluded: "NOASSERTION", licenseInfoInFiles: ["NOASSERTION"], copyrightText: "NOASSERTION"
    }],
  hasExtractedLicensingInfos: [$packages[0][] | select(.name != "textml") |
    {licenseId: licence, name: "licences of Debian's \(.name)", extractedText: .text}],
  relationships: (
    [{spdxElementId: "SPDXRef-DOCUMENT", relationshipType: "DESCRIBES", relatedSpdxElement: "SPDXRef-image"}]
    + [$packages[0][] | {spdxElementId: "SPDXRef-image", relationshipType: "CONTAINS", relatedSpdxElement: element(.name)}]
    + [$files[0][] | {spdxElementId: element(.package), relationshipType: "CONTAINS", relatedSpdxElement: file_id}]
  )
}
