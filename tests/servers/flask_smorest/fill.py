import sys

from records import main_of_app

main_of_app(sys.argv[1] + "/records/change")
