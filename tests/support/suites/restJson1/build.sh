#!/usr/bin/env bash
# Converts the restJson1 protocol tests from Smithy IDL into one JSON AST. Needs Java 17, Maven and Perl.
#
#     build.sh CHECKOUT FILE    reads the sources that suites.toml lists from CHECKOUT, and writes FILE
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
checkout=$1 file=$2
mvn --quiet --file "$here/pom.xml" dependency:copy-dependencies -DoutputDirectory="$checkout/lib"
cp "$here/smithy-build.json" "$checkout"
(cd "$checkout" && java -cp 'lib/*' software.amazon.smithy.cli.SmithyCli \
    build --discover --allow-unknown-traits --severity ERROR > build.log 2>&1) || { cat "$checkout/build.log"; exit 1; }
# Indents by two spaces. Removes the namespaces `smithy.test` and `aws.protocoltests.misc`. The shapes of `smithy.test`
# only define the traits of the tests. The shapes of `aws.protocoltests.misc` belong to no service.
perl -0pe 's/^( +)/" " x (length($1) \/ 2)/gem;
    s/^    "(smithy\.test|aws\.protocoltests\.misc)#.*?^    \},?\n//gms; s/,\n  \}\n\}/\n  }\n}/' \
    "$checkout/build/smithy/restJson1/model/model.json" > "$file"
